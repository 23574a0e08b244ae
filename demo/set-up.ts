/** Set-up - puts the demo's world into a running system. Every step may be repeated: what is already so stays as it is. */
import { type Client, inParallel, NotDone } from "./client.ts";
import type { World } from "./world.ts";

/** Hears how much of a step is done. */
export type Advance = (done: number) => void;

/** Long before any traffic: what happened since then is judged as of a radar at work. */
const LONG_AGO = "2015-01-01T00:00:00.000Z";
const WIDTH = 16;

/** Verifies and switches on every radar but the two the world leaves as they are. */
export async function commission(client: Client, world: World, now: Date, advance: Advance): Promise<void> {
	// By the calendar year and not by the day: the same certificate again is the same one.
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

/** Somebody may have corrected, by hand, what an earlier demo registered: then theirs stands. */
async function unlessThere(creation: Promise<unknown>): Promise<void> {
	await creation.catch((error: unknown) => {
		if (!(error instanceof NotDone && error.status === 409 && error.code.endsWith("_ALREADY_EXISTS"))) throw error;
	});
}
