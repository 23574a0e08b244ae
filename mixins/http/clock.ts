/** Clock - `GET /clock` and `POST /clock/advance`: the time of the law, and the work that is due. */
import { clockOf } from "../common/clock.ts";
import { assertManual, clockReading } from "../cluster/manual-clock.ts";
import { sendJson } from "./answer.ts";
import { call, type Handler, reading } from "./handlers.ts";
import { commandOf } from "./request.ts";
import { JSON_LIMIT } from "./server/limits.ts";

const ADVANCE = "POST /clock/advance";

export const readClock: Handler = async function (_req, res) {
	sendJson(res, 200, await clockReading(this.broker));
};

export const advanceClock: Handler = async function (req, res) {
	assertManual(this.broker);
	const { params, meta } = await commandOf(
		req,
		{ kind: "command", of: "clock" },
		ADVANCE,
		reading(this, req, res, JSON_LIMIT),
		clockOf(this.broker).now(),
	);
	await call(req, "clock.advance", { ...params, id: "system" }, meta);
	sendJson(res, 200, await clockReading(this.broker));
};
