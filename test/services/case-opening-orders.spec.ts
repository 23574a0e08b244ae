/** LAW 8 - every order of arrival of detections, registrations, transfers and resulting facts ends in the same cases. */
import { describe, expect, it } from "@jest/globals";
import fc, { type Arbitrary } from "fast-check";
import { holdsIn } from "../../model/given-work.ts";
import { entryAfter, insert, type Instant, type Timeline, valueAt } from "../../model/index.ts";
import { caseOpening } from "../../services/infraction/case-opening.service.ts";
import { live, type Ordered, type Said, saidIn, START } from "../grammar/lives.ts";
import { Keeping } from "../grammar/promise.ts";
import { logged, type Partition } from "../grammar/reading.ts";
import { day, later, person, qualified, recorded, registration } from "../grammar/words.ts";

const OWNERS = ["ada", "bob", "cy", "dee"];
const anyInstant: Arbitrary<Instant> = fc
	.tuple(fc.integer({ min: 2, max: 9 }), fc.integer({ min: -1, max: 1 }))
	.map(([n, ms]) => later(day(n), ms));
const anyPlate = fc.constantFrom("AB-123-CD", "ZZ-999-ZZ");

/** Commands to two vehicles with any date; the vehicle decides their outcome. */
const anyRegistration: Arbitrary<Ordered> = fc
	.record({
		plate: anyPlate,
		owner: fc.constantFrom(...OWNERS),
		from: fc.option(anyInstant, { nil: undefined }),
		what: fc.nat(5),
		after: fc.constant(60_000),
	})
	.map(({ plate, owner, from, what, after }) => {
		const id = `FR-${plate}`;
		const dated = from === undefined ? {} : { from };
		const order = <P extends { readonly id: string }>(name: string, params: P): Ordered => ({ service: "vehicle", name, params, after });
		if (what === 0) return order("deregister", { id, ...dated });
		return what < 3 ? order("register", { id, ...registration, plate, owner, ...dated }) : order("transfer", { id, owner, ...dated });
	});
const registers = OWNERS.map((id): Ordered => ({ service: "owner", name: "register", params: Object.assign({ id }, person), after: 0 }));
const anyRegistry = fc
	.array(anyRegistration, { maxLength: 14, size: "max" })
	.map((orders) => saidIn(live([...registers, ...orders])).filter(({ service }) => service === "vehicle"));
const measured = (id: string, passage: ReturnType<typeof recorded>): Said => ({
	service: "detection",
	id,
	facts: [passage, qualified()],
	at: START,
});
const anyDetections = fc
	.array(fc.tuple(fc.oneof({ weight: 6, arbitrary: anyPlate }, fc.constantFrom("A?-1", "QQ-111-QQ")), anyInstant), {
		minLength: 1,
		maxLength: 5,
	})
	.map((seen) => seen.map(([plate, capturedAt], i) => measured(`D${i}`, recorded({ plate, capturedAt }))));

/** The next step: the process reads another commit of some partition, or a command arrives, perhaps again. */
const anyOrder = fc.array(fc.record({ tell: fc.boolean(), which: fc.nat(100), twice: fc.boolean() }), { maxLength: 120, size: "max" });
type Order = readonly { readonly tell: boolean; readonly which: number; readonly twice: boolean }[];

interface Cut {
	readonly partition: Partition;
	next: number;
}
/** Runs one order of events, then delivers everything that is still on its way. */
function kept(world: readonly Said[], order: Order, cancelAt = Infinity): Keeping {
	const keeping = new Keeping(caseOpening);
	const cuts: Cut[] = logged(world, (stream) => stream).map((partition) => ({ partition, next: 0 }));
	const back = new Map<string, Cut>();
	const tell = (which: number) => {
		for (const partition of logged(keeping.decided, (stream) => stream)) {
			const own = partition.commits[0]?.stream ?? "";
			back.set(own, { partition: { ...partition, number: 1000 + partition.number }, next: back.get(own)?.next ?? 0 });
		}
		const waiting = [...cuts, ...back.values()].filter(({ partition, next }) => next < partition.commits.length);
		const turn = waiting[which % waiting.length];
		if (turn) keeping.tell(turn.partition, turn.partition.commits.slice(turn.next, ++turn.next));
		return turn !== undefined;
	};
	order.forEach(({ tell: told, which, twice }, i) => {
		if (i === cancelAt) keeping.decide("infraction.cancel", Object.assign({ id: "D0" }, { reason: "bad picture" }), "cancel");
		if (told) tell(which);
		else if (keeping.onTheirWay.length > 0) keeping.arrive(which, twice);
	});
	for (let quiet = false, rounds = 0; !quiet; rounds++) {
		if (rounds > 100) throw new Error("the process never finishes");
		quiet = true;
		while (tell(0)) quiet = false;
		for (const id of keeping.subjects) keeping.ask(id);
		if (keeping.onTheirWay.length > 0) quiet = false;
		while (keeping.onTheirWay.length > 0) keeping.arrive(0);
	}
	return keeping;
}
const casesOf = (keeping: Keeping, world: readonly Said[]) =>
	Object.fromEntries(world.filter(({ service }) => service === "detection").map(({ id }) => [id, keeping.stands("infraction", id).state]));

/** The holders of each vehicle, computed from the facts alone. */
function holdersIn(world: readonly Said[]): Map<string, Timeline<string | null>> {
	const lines = new Map<string, Timeline<string | null>>();
	for (const { service, id, facts } of world)
		for (const { data } of service === "vehicle" ? facts : []) {
			const { from, owner = null } = data as { readonly from: Instant | null; readonly owner?: string }; // every fact of a vehicle here is dated
			lines.set(id, insert(lines.get(id) ?? [], from, owner));
		}
	return lines;
}

describe("the cases", () => {
	it("are held by the holder of the vehicle at the instant of capture, in every order, late or twice", () =>
		fc.assert(
			fc.property(anyRegistry, anyDetections, anyOrder, (registry, detections, order) => {
				const world = [...registry, ...detections];
				const keeping = kept(world, order);
				const lines = holdersIn(registry);
				for (const { id, facts } of detections) {
					const { plate, capturedAt } = facts[0]?.data as ReturnType<typeof recorded>["data"]; // the first fact of a detection
					const holder = valueAt(lines.get(`FR-${plate}`) ?? [], capturedAt) ?? null;
					expect(keeping.stands("infraction", id).state).toMatchObject({ status: holder === null ? "unidentified" : "open", holder });
				}
			}),
			{ numRuns: 300 },
		));
	it("are the same for any two orders, and no command is refused or opens a case twice", () =>
		fc.assert(
			fc.property(anyRegistry, anyDetections, anyOrder, anyOrder, (registry, detections, one, other) => {
				const world = [...registry, ...detections];
				const [first, second] = [kept(world, one), kept(world, other)];
				expect(casesOf(first, world)).toEqual(casesOf(second, world));
				for (const { refused, decided } of [first, second]) {
					expect(refused).toEqual([]);
					const openings = decided.filter(({ facts }) => facts[0]?.type === "infraction.opened").map(({ id }) => id);
					expect(openings.toSorted()).toEqual(detections.map(({ id }) => id).toSorted());
				}
			}),
			{ numRuns: 300 },
		));
	it("stay cancelled once they are cancelled, with nothing left to send", () =>
		fc.assert(
			fc.property(anyRegistry, anyDetections, anyOrder, fc.nat(60), (registry, detections, order, cancelAt) => {
				const world = [...registry, ...detections];
				const keeping = kept(world, order, cancelAt);
				const cancelled = keeping.decided.some(({ facts }) => facts[0]?.type === "infraction.cancelled");
				const { state } = keeping.stands("infraction", "D0");
				expect(state.status === "cancelled").toBe(cancelled);
				for (const id of keeping.subjects) expect(keeping.due(id)).toEqual([]);
				const others = ({ D0: _cancelled, ...rest }: Record<string, unknown>) => rest;
				expect(others(casesOf(keeping, world))).toEqual(others(casesOf(kept(world, []), world)));
			}),
			{ numRuns: 200 },
		));
});

describe("the cases woken by a fact about a vehicle", () => {
	it("are all that it may move, within the time until the next record", () =>
		fc.assert(
			fc.property(anyRegistry, anyInstant, (registry, at) => {
				const lines = new Map<string, Timeline<string | null>>();
				for (const { id, facts } of registry)
					for (const { data } of facts) {
						const { from, owner = null } = data as { readonly from: Instant | null; readonly owner?: string }; // as above
						const before = lines.get(id) ?? [];
						const holders = insert(before, from, owner);
						lines.set(id, holders);
						const span = caseOpening.references?.vehicle.changed({ holders, basis: "" }, { from });
						expect(span).toEqual({ from, to: entryAfter(holders, from)?.from ?? null });
						if (valueAt(before, at) !== valueAt(holders, at)) expect(span && holdsIn(span, at)).toBe(true);
					}
			}),
			{ numRuns: 300 },
		));
});
