/**
 * Insist - a client that knows every gateway and asks again, with the same key and at whichever gateway, until it is answered: what a
 * careful user of the API does. It keeps every answer that was none, so that a test can say which of them are allowed.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Dice } from "../http/random.ts";
import type { Answer, Call, System } from "../support/system.ts";

/** How long one asks before one gives up, in milliseconds. */
const PATIENCE = 50_000;
const REFUSED = /ECONNREFUSED/;
const JSON_TYPE = { "content-type": "application/json" };

export class Insist {
	readonly #gateways: readonly System[];
	readonly #dice: Dice;
	/** Asked in all, and every time it came to nothing: the connection broke, was refused, or the answer was "not now". */
	asked = 0;
	readonly broken: string[] = [];
	refusedConnections = 0;
	readonly notNow: Answer[] = [];
	#keys = 0;
	/** Asks no more: whoever waits for an answer is told so. */
	given = false;

	constructor(gateways: readonly System[], dice: Dice) {
		this.#gateways = gateways;
		this.#dice = dice;
	}

	/** The first answer that is one: anything below 500, and a failure that is not "not now" too. */
	async ask(call: Call): Promise<Answer> {
		const until = Date.now() + PATIENCE;
		for (let last = ""; ;) {
			if (this.given) throw new Error("the client has given up");
			if (Date.now() > until) throw new Error(`${call.method} ${call.path} was not answered within ${PATIENCE} ms: ${last}`);
			this.asked++;
			const answer = await this.#dice
				.pick(this.#gateways)
				.send(call)
				.catch((error: Error) => error);
			if (answer instanceof Error) {
				last = answer.message;
				if (REFUSED.test(last)) this.refusedConnections++;
				else this.broken.push(last.slice(0, 300));
			} else if (answer.status === 503) {
				last = answer.text;
				this.notNow.push(answer);
			} else return answer;
			await pause(100);
		}
	}
	post(path: string, body: unknown = {}, key = `key-${++this.#keys}`): Promise<Answer> {
		return this.ask({ method: "POST", path, headers: { ...JSON_TYPE, "idempotency-key": key }, body: JSON.stringify(body) });
	}
	ndjson(lines: readonly unknown[]): Promise<Answer> {
		const body = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
		return this.ask({ method: "POST", path: "/detections", headers: { "content-type": "application/x-ndjson" }, body });
	}
	get(path: string, headers: Call["headers"] = {}): Promise<Answer> {
		return this.ask({ path, headers });
	}
}

/** "Not now" is always told with when to ask again, and never as a failure of ours. */
export function expectPolite({ notNow }: Insist): void {
	for (const { status, headers, body } of notNow)
		if (status !== 503 || !/^\d+$/.test(headers["retry-after"] ?? "") || !/^[A-Z_]+$/.test(body.code))
			throw new Error(`not a polite "not now": ${status} ${JSON.stringify(body)}`);
}
