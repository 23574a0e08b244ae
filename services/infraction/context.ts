/** Context - the legal cases. */
import { context } from "../../mixins/logs/context.ts";

export default context("infraction", { order: 3 });
