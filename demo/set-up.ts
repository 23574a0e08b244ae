/** Set-up - puts the demo's world into a running system. Every step can be repeated: it changes nothing that is already so. */
import { type Client, inParallel, NotDone } from "./client.ts";
import type { World } from "./world.ts";

/** Called with the completed part of a step. */
export type Advance = (done: number) => void;

/** Earlier than any traffic, so that the radar is active and certified at every capture. */
const LONG_AGO = "2015-01-01T00:00:00.000Z";
const WIDTH = 16;

/** Calibrates and activates every radar, except for the two that the world leaves uncommissioned. */
export async function commission(client: Client, world: World, now: Date, advance: Advance): Promise<void> {
	// Depends on the year and not on the day, so that a repeated run sends the same certificate.
	const validUntil = `${now.getUTCFullYear() + 1}-12-31T00:00:00.000Z`;
	let done = 0;
	await inParallel(world.sites, WIDTH, async ({ id }) => {
		const certificate = { number: `DEMO-${id}-${now.getUTCFullYear()}`, validFrom: LONG_AGO, validUntil };
		if (id !== world.uncalibrated) await client.post(`/radars/${id}/calibrate`, certificate);
		if (id !== world.outOfService) await client.post(`/radars/${id}/activate`, { from: LONG_AGO });
		advance(++done);
	});
}

/** Registers the owners, then their vehicles: a vehicle needs its owner to exist. */
export async function register(client: Client, { owners, vehicles }: World, advance: Advance): Promise<void> {
	let done = 0;
	await inParallel(owners, WIDTH, async (owner) => {
		await unlessThere(client.post("/owners", owner));
		advance(++done);
	});
	await inParallel(vehicles, WIDTH, async ({ id: _id, ...vehicle }) => {
		await unlessThere(client.post("/vehicles", vehicle));
		advance(++done);
	});
}

/** Ignores an existing one with other content: an operator may have corrected it after an earlier demo. */
async function unlessThere(creation: Promise<unknown>): Promise<void> {
	await creation.catch((error: unknown) => {
		if (!(error instanceof NotDone && error.status === 409 && error.code.endsWith("_ALREADY_EXISTS"))) throw error;
	});
}
