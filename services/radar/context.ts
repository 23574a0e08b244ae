/** Context - radars, and the passages they measure. */
import { context } from "../../mixins/logs/context.ts";

export default context("radar", { order: 1 });
