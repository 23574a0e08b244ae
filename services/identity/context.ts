/** Context - users, clients and sessions: who may call the system, and with which roles. */
import { KEEPER } from "../../model/index.ts";
import { context } from "../../mixins/logs/context.ts";

export default context("identity", { order: 5, feed: KEEPER });
