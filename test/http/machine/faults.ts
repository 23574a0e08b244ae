/** Faults - a system with one of everything, and checks of its responses to invalid input. */
import { expect } from "@jest/globals";
import { System, type Answer, type Call } from "../../support/system.ts";
import { answered, car, caughtUp, detect, infraction, ownerOf, radarInService } from "../scenery.ts";

export const lists = ["/radars", "/detections", "/owners", "/vehicles", "/infractions", "/users", "/clients"];
export const made = [
	"/radars/b-radar",
	"/detections/b-detection",
	"/owners/b-owner",
	"/vehicles/FR-AB-100-CD",
	"/infractions/b-detection",
	"/users/b-user",
	"/clients/b-client",
];
export const reads = [
	...lists,
	...made,
	...made.map((path) => `${path}/history`),
	"/owners/b-owner/infractions",
	"/vehicles/FR-AB-100-CD/holder",
];

/** A system in which the actors of `made` exist, so that an invalid input is invalid for one reason only. */
export async function furnished(): Promise<System> {
	const system = await System.start();
	await radarInService(system, "b-radar");
	await ownerOf(system, "b-owner", ["AB-100-CD"]);
	await ownerOf(system, "b-other");
	await detect(system, { id: "b-detection", radar: "b-radar", plate: "AB-100-CD" });
	await infraction(system, "b-detection");
	const user = { id: "b-user", login: "b-user", name: "x", email: "a@example.org", roles: ["officer"] };
	answered(201, await system.post("/users", user));
	const client = answered(201, await system.post("/clients", { id: "b-client", name: "x", roles: ["bank"] }));
	answered(200, await system.get("/clients/b-client", { "x-position": String(client.headers["x-position"]) }));
	await caughtUp(system);
	return system;
}

/** All rows, and the histories of `made`: equal before and after if nothing was written. */
export const everything = async (system: System): Promise<unknown> => ({
	rows: await Promise.all(lists.map((list) => system.rows(list))),
	histories: await Promise.all(made.map(async (path) => answered(200, await system.get(`${path}/history`)).text)),
});

export async function expectStillWorking(system: System): Promise<void> {
	await radarInService(system, "b-after");
	answered(201, await system.post("/vehicles", { ...car, plate: "AB-777-CD", owner: "b-owner" }));
	await detect(system, { id: "b-after", radar: "b-after", plate: "AB-777-CD" });
	expect(await infraction(system, "b-after")).toMatchObject({ holder: "b-owner", status: "open" });
	answered(200, await system.get("/health/ready"));
}

/** The fault of a response to invalid input, if any: it must be a refusal, or a success if `yes`. */
function fault({ status, headers, text, body }: Answer, method: string, yes: boolean): string | undefined {
	const shown = text.slice(0, 200);
	if (status >= 500 || status < 200) return `status ${status}: ${shown}`;
	if (/\bat .{1,200}\.[jt]s:\d+/.test(text)) return "shows a stack";
	if (status < 400) return yes ? undefined : `accepted with ${status}: ${shown}`;
	if (method === "HEAD") return undefined;
	if (!/^application\/problem\+json/.test(headers["content-type"] ?? "")) return `status ${status} as ${headers["content-type"]}: ${shown}`;
	const texts = [body["type"], body["title"], body["detail"]].every((part) => typeof part === "string" && part !== "");
	const whole = texts && body["status"] === status && /^[A-Z][A-Z0-9_]+$/.test(body.code);
	return whole ? undefined : `not a whole problem page: ${shown}`;
}

/** Sends all calls on sixteen connections, each with a timeout of five seconds; returns about ten faults at most, each with its request. */
export async function faults(system: System, calls: readonly Call[], yes = false): Promise<string[]> {
	const found: string[] = [];
	const waiting = [...calls].reverse();
	const side = async (): Promise<void> => {
		for (let call = waiting.pop(); call && found.length < 10; call = waiting.pop()) {
			const { method = "GET", path, headers = {}, body = "" } = call;
			const wrong = await system.send({ ...call, timeoutMs: 5_000 }).then((answer) => fault(answer, method, yes), String);
			const sent = `${method} ${path.slice(0, 120)} ${JSON.stringify(headers).slice(0, 120)} ${String(body).slice(0, 160)}`;
			if (wrong) found.push(`${sent} -> ${wrong}`);
		}
	};
	await Promise.all(Array.from({ length: 16 }, side));
	return found;
}

export const json = { "content-type": "application/json" };
export const post = (path: string, body: string | Buffer, headers: Call["headers"] = json): Call => ({
	method: "POST",
	path,
	headers,
	body,
});
/** The words of a text, between spaces and lines. */
export const words = (text: string): string[] => text.trim().split(/\s+/);
