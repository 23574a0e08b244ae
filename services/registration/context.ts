/** Context - owners, vehicles, and who held a vehicle from when. */
import { context } from "../../mixins/logs/context.ts";

export default context("registration", { order: 2 });
