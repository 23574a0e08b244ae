/** Scenery - test data that most tests need: valid bodies, a radar in service, an owner with a vehicle, and checks of responses. */
import { expect } from "@jest/globals";
import { titleOf } from "../../model/index.ts";
import { eventually, type Answer, type Body, type Row, type System } from "../support/system.ts";

export const since2000 = "2000-01-01T00:00:00Z";
export const certificate = { number: "LNE-1", validFrom: since2000, validUntil: "2100-01-01T00:00:00Z" };
export const noon = "2025-06-02T12:00:00Z";

/** The instant so many milliseconds later (or earlier). */
export const shifted = (instant: string, ms: number): string => new Date(Date.parse(instant) + ms).toISOString();
export const ahead = (ms: number): string => new Date(Date.now() + ms).toISOString();

export const site = {
	kind: "fixed",
	latitude: 48.8566,
	longitude: 2.3522,
	road: "A6",
	direction: "Paris to Lyon",
	limits: { lightKmh: 110 },
};
export const person = { kind: "person", name: "Jeanne Martin", birthDate: "1984-02-29", email: "jeanne.martin@example.org" };
export const car = { country: "FR", type: "car", brand: "Renault", model: "Clio", fiscalPower: 5 };

const letters = "ABCDEFGHJKLMNPQRSTVWXYZ";
/** The n-th plate of a French series in which every plate is valid. */
export function plate(n: number): string {
	const letter = (place: number): string => letters.charAt(Math.floor(n / (899 * letters.length ** place)) % letters.length);
	return `A${letter(0)}-${100 + (n % 899)}-B${letter(1)}`;
}

/** The security headers of every answer. */
export const protective = {
	"cache-control": "no-store",
	"content-security-policy": "default-src 'none'; frame-ancestors 'none'",
	"referrer-policy": "no-referrer",
	"x-content-type-options": "nosniff",
};

/** Returns the answer if it has the expected status; else throws an error with its text. */
export function answered(status: number, answer: Answer): Answer {
	if (answer.status !== status) throw new Error(`expected ${status}, got ${answer.status}: ${answer.text.slice(0, 600)}`);
	return answer;
}

/** Expects a complete problem response without a stack trace. */
export function expectProblem(answer: Answer, status: number, code?: string): void {
	answered(status, answer);
	expect(answer.headers["content-type"]).toMatch(/^application\/problem\+json/);
	expect(answer.headers).toMatchObject(protective);
	expect(answer.body.code).toMatch(/^[A-Z][A-Z0-9_]+$/);
	const title = titleOf(String(answer.body.code));
	expect(answer.body).toMatchObject({ status, type: `urn:vigie:problem:${answer.body.code}`, title, detail: expect.any(String) });
	if (code) expect(answer.body.code).toBe(code);
	expect(answer.text).not.toMatch(/\bat .{1,200}\.[jt]s:\d+/);
}

/** Headers of a read that must see what this answer acknowledged. */
export const seen = ({ headers }: Answer): { "x-position": string } => ({ "x-position": String(headers["x-position"]) });

/** The row after a command, read at the position of its answer. */
export async function rowAfter(system: System, path: string, command: Answer): Promise<Row> {
	return answered(200, await system.get(path, seen(command))).body;
}

/** A radar of this id in service since 2000 with a certificate that covers everything; a field given as undefined is left out. */
export async function radarInService(system: System, id: string, given: Row = {}): Promise<void> {
	answered(201, await system.post("/radars", { id, ...site, ...given }));
	answered(200, await system.post(`/radars/${id}/calibrate`, certificate));
	answered(200, await system.post(`/radars/${id}/activate`, { from: since2000 }));
}

export async function ownerOf(system: System, id: string, plates: readonly string[] = []): Promise<Answer> {
	const owner = answered(201, await system.post("/owners", { id, ...person }));
	for (const plate of plates) answered(201, await system.post("/vehicles", { plate, ...car, owner: id }));
	return owner;
}

/** Posts one detection and returns the answer. */
export async function detect(system: System, given: Row): Promise<Answer> {
	return answered(201, await system.post("/detections", { plate: "AA-123-AA", country: "FR", speedKmh: 150, capturedAt: noon, ...given }));
}

/** Waits for the infraction of a detection. */
export const infraction = (system: System, id: string): Promise<Row> =>
	eventually(async () => answered(200, await system.get(`/infractions/${id}`)).body);

let sentinels = 0;
/** Waits until everything before has been processed: posts a passage that becomes an infraction, and waits for it. */
export async function caughtUp(system: System): Promise<void> {
	const id = `sentinel-${++sentinels}`;
	await radarInService(system, id);
	const { headers } = await detect(system, { id, radar: id, speedKmh: 200 });
	await infraction(system, id);
	for (const path of [`/detections/${id}`, `/radars/${id}`])
		answered(200, await system.get(path, { "x-position": String(headers["x-position"]) })); // another read model may be slightly behind
}

export async function expectNoInfraction(system: System, id: string): Promise<void> {
	await caughtUp(system);
	expectProblem(await system.get(`/infractions/${id}`), 404);
}

/** The whole history of the actor at this path, from all pages. */
export async function historyOf(system: System, path: string): Promise<readonly Row[]> {
	const all: Row[] = [];
	for (let more: string | null = ""; more !== null;) {
		const { rows, next }: Body = answered(200, await system.get(`${path}/history?pageSize=100${more && `&after=${more}`}`)).body;
		all.push(...rows);
		more = next;
	}
	return all;
}

/** The commits of one page of a history; the answer is a list, or has it as `rows`. */
export function commits(answer: Answer): readonly Row[] {
	const { body } = answered(200, answer);
	return Array.isArray(body) ? (body as Row[]) : body.rows;
}

/** The owner id in the answer to a holder query, null if the vehicle has no holder then. */
export function holderIn(answer: Answer): unknown {
	if (answer.status === 404) return null;
	const { holder, owner } = answered(200, answer).body;
	const found = holder ?? owner ?? null;
	return typeof found === "object" && found !== null && "owner" in found ? found.owner : found;
}

/** Matches the same instant with any precision, if it is in UTC. */
export const sameInstant = (instant: string): unknown => ({
	$$typeof: Symbol.for("jest.asymmetricMatcher"),
	asymmetricMatch: (other: unknown) => typeof other === "string" && other.endsWith("Z") && Date.parse(other) === Date.parse(instant),
	toString: () => "SameInstant",
	getExpectedType: () => "string",
	toAsymmetricMatcher: () => `SameInstant<${instant}>`,
});

/** The amounts of a case in minor units; null if the law fixes none. */
export function amountsOf({ amounts }: Row): readonly [unknown, unknown, unknown, unknown] | null {
	if (typeof amounts !== "object" || amounts === null) return null;
	const { reducedMinor, standardMinor, increasedMinor, currency } = amounts as Row;
	return standardMinor === null && reducedMinor === null && increasedMinor === null
		? null
		: [reducedMinor, standardMinor, increasedMinor, currency];
}

const pastTense =
	/\.(installed|described|relocated|limitsChanged|calibrated|activated|deactivated|retired|recorded|qualified|discarded|registered|corrected|transferred|deregistered|opened|identified|reassigned|cancelled)$/;
/** The facts in the history of the actor at this path, in order. */
export async function factsOf(system: System, path: string): Promise<string[]> {
	const words = JSON.stringify(await historyOf(system, path)).match(/"[a-z]+\.[a-zA-Z]+"/g) ?? [];
	return words.map((word) => word.slice(1, -1)).filter((word) => pastTense.test(word));
}

/** Expects the fields that every answer of a command has. */
export function expectAnswer({ status, headers, body }: Answer, wanted: { status: number; id?: string }): void {
	expect(status).toBe(wanted.status);
	if (wanted.id) expect(body.id).toBe(wanted.id);
	expect(body.version).toBeGreaterThanOrEqual(1);
	expect(headers.etag).toBe(`"${body.version}"`);
	expect(headers["x-position"]).toBe(body.position);
	expect(headers["content-type"]).toMatch(/^application\/json/);
}

/** Creates an actor: expects 201 with `Location`, and a row there with the content. */
export async function expectCreated(system: System, path: string, id: string, given: Row, row: Row): Promise<Answer> {
	const answer = answered(201, await system.post(path, given));
	expectAnswer(answer, { status: 201, id });
	expect(answer.headers.location).toMatch(new RegExp(`/api${path}/${encodeURIComponent(id)}$`));
	const found = answered(200, await system.get(`${path}/${encodeURIComponent(id)}`, { "x-position": answer.body.position }));
	expect(found.body).toMatchObject({ id, version: answer.body.version, ...row });
	expect(found.headers.etag).toMatch(/^W\/".+"$/);
	return answer;
}
