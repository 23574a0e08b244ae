/**
 * Insist - a client that retries with the same key at a random gateway until it gets an answer, as a careful client should. It records
 * every failed attempt, so that a test can check which of them are allowed.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Dice } from "../http/random.ts";
import type { Answer, Call, System } from "../support/system.ts";

/** Milliseconds after which the client gives up. */
const PATIENCE = 120_000;
const REFUSED = /ECONNREFUSED/;
const JSON_TYPE = { "content-type": "application/json" };

export class Insist {
	readonly #gateways: readonly System[];
	readonly #dice: Dice;
	/** The number of attempts, and the failed ones: broken connections, refused connections, and 503 responses. */
	asked = 0;
	readonly broken: string[] = [];
	refusedConnections = 0;
	readonly notNow: Answer[] = [];
	#keys = 0;
	/** Set to stop: pending calls throw. */
	given = false;

	constructor(gateways: readonly System[], dice: Dice) {
		this.#gateways = gateways;
		this.#dice = dice;
	}

	/** Returns the first response other than 503. */
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

/** Expects that every 503 response has Retry-After and a code. */
export function expectPolite({ notNow }: Insist): void {
	for (const { status, headers, body } of notNow)
		if (status !== 503 || !/^\d+$/.test(headers["retry-after"] ?? "") || !/^[A-Z_]+$/.test(body.code))
			throw new Error(`not a polite "not now": ${status} ${JSON.stringify(body)}`);
}
