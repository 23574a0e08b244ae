/**
 * Commits - generates commits for a store to append: chained and numbered, with bodies as the product writes them for detections and cases.
 */
import { chained } from "../../store/chain.ts";
import { encode } from "../../store/codec.ts";
import type { Commit, RecordedFact } from "../../store/log.ts";
import { median } from "./quantile.ts";
import { radarSite, Traffic } from "./traffic.ts";

const at = "2026-03-01T08:15:00.000Z";
const radars = 1_000;

/** A detection as stored: the measurement, and the verdict with the data for a judge. */
function factsOf(traffic: Traffic): { readonly id: string; readonly facts: readonly RecordedFact[] } {
	const { id, ...passage } = traffic.next();
	const { latitude, longitude, lightKmh: limitKmh } = radarSite(Number(passage.radar.slice("radar-".length)) - 1);
	const retainedKmh = passage.speedKmh - 5;
	const measured = { limitKmh, retainedKmh };
	const qualified = { radar: passage.radar, ...measured, excessKmh: retainedKmh - limitKmh, kind: "fixed", jurisdiction: "FR" };
	const verdict =
		retainedKmh > limitKmh
			? { type: "detection.qualified", data: { ...qualified, site: { latitude, longitude, road: null } } }
			: { type: "detection.discarded", data: { reason: "WITHIN_TOLERANCE", ...measured } };
	return { id, facts: [{ type: "detection.recorded", data: { ...passage, vehicleClass: "light" } }, verdict] };
}

export class Commits {
	readonly #traffic = new Traffic(radars);
	#position = 0;
	#hash = "";

	/** The next commits, each in a new stream. */
	next(count: number): readonly Commit[] {
		return Array.from({ length: count }, () => {
			const { id, facts } = factsOf(this.#traffic);
			const trace = `8f3c61de-1b1a-4c9e-9b5e-${String(this.#position).padStart(12, "0")}`;
			const body = encode({ facts, command: { name: "record", id: `${trace}/${this.#position % 500}` }, by: "anonymous", at, trace });
			const stream = `detection-${id}`;
			this.#hash = chained(this.#hash, stream, 0, body);
			return { position: ++this.#position, stream, version: 0, body, hash: this.#hash };
		});
	}

	/** Median size of a body. */
	get medianBytes(): number {
		return Math.round(median(new Commits().next(1_000).map(({ body }) => Buffer.byteLength(body))));
	}
}
