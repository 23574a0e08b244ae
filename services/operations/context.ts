/** Context - decisions of operators about parked work. */
import { context } from "../../mixins/logs/context.ts";

export default context("operations", { order: 4 });
