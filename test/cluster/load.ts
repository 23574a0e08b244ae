/** Load - sends passages and renames through all gateways with a client that retries, and checks the results. */
import { expect } from "@jest/globals";
import type { Dice } from "../http/random.ts";
import { historyOf, noon, plate, radarInService, ownerOf } from "../http/scenery.ts";
import type { Cluster } from "../support/cluster.ts";
import { eventually, type System } from "../support/system.ts";
import { Insist } from "./insist.ts";

const RADAR = "load-radar";
const OWNER = "load-owner";

export class Load {
	readonly client: Insist;
	readonly #gateways: readonly System[];
	readonly #sides: number;
	/** The acknowledged passages and names of the radar. */
	readonly passages: number[] = [];
	readonly names: string[] = [];
	#n = 0;
	#stopped = false;
	#running: Promise<unknown> = Promise.resolve();
	#answered: (() => void)[] = [];

	private constructor(cluster: Cluster, dice: Dice, sides: number) {
		this.#gateways = cluster.gateways;
		this.#sides = sides;
		this.client = new Insist(this.#gateways, dice);
	}
	/** Creates a load with a radar and the owner of a vehicle. */
	static async on(cluster: Cluster, dice: Dice, sides = 2): Promise<Load> {
		const load = new Load(cluster, dice, sides);
		await radarInService(load.gateway, RADAR);
		await ownerOf(load.gateway, OWNER, [plate(0)]);
		return load;
	}
	get gateway(): System {
		const [first] = this.#gateways;
		if (!first) throw new Error("there is no gateway");
		return first;
	}
	begin(): void {
		this.#stopped = false;
		this.#running = Promise.all(Array.from({ length: this.#sides }, () => this.#side()));
		this.#running.catch(() => undefined); // end() reports it
	}
	async #side(): Promise<void> {
		while (!this.#stopped) {
			const n = this.#n++;
			await (n % 5 === 4 ? this.#rename(`name-${n}`) : this.#pass(n));
			for (const heard of this.#answered) heard();
		}
	}
	async #pass(n: number): Promise<void> {
		const passage = { id: `d-${n}`, radar: RADAR, plate: plate(n % 3), country: "FR", speedKmh: n % 2 ? 150 : 100, capturedAt: noon };
		const { status, text } = await this.client.post("/detections", passage);
		if (status !== 201) throw new Error(`d-${n}: ${status} ${text}`); // a retry with the same key gets the first answer
		this.passages.push(n);
	}
	async #rename(name: string): Promise<void> {
		const { status, text } = await this.client.post(`/radars/${RADAR}/describe`, { name });
		if (status !== 200) throw new Error(`${name}: ${status} ${text}`);
		this.names.push(name);
	}
	/** Resolves when so many more were answered; rejects when a side has failed. */
	async more(count: number): Promise<void> {
		let left = count;
		let heard = () => {};
		const enough = new Promise<void>((resolve) => (heard = () => --left <= 0 && resolve()));
		this.#answered.push(heard);
		await Promise.race([enough, this.#running]);
		this.#answered = this.#answered.filter((one) => one !== heard);
	}
	async end(): Promise<void> {
		this.#stopped = true;
		await this.#running;
	}
	give(): void {
		this.#stopped = this.client.given = true;
	}

	/** Expects each passage and case once on every gateway, each rename in the history once, and correct counters. */
	async expectTold(withinMs = 60_000): Promise<void> {
		const ids = (list: readonly number[]): string[] => list.map((n) => `d-${n}`).sort();
		const qualified = this.passages.filter((n) => n % 2 === 1);
		for (const gateway of this.#gateways) {
			const told = async (list: string): Promise<string[]> => (await gateway.rows(list)).map(({ id }) => String(id)).sort();
			await eventually(async () => expect(await told("/detections")).toEqual(ids(this.passages)), withinMs);
			await eventually(async () => expect(await told("/infractions")).toEqual(ids(qualified)), withinMs);
			const counters = { detections: this.passages.length, qualified: qualified.length };
			await eventually(async () => expect((await gateway.get(`/radars/${RADAR}`)).body).toMatchObject(counters));
			const cases = await gateway.rows(`/infractions?holder=${OWNER}`);
			expect(cases.map(({ id }) => id).sort()).toEqual(ids(qualified.filter((n) => n % 3 === 0)));
		}
		const history = await historyOf(this.gateway, `/radars/${RADAR}`);
		const given = history.flatMap((commit) => JSON.stringify(commit).match(/name-\d+(?=")/) ?? []);
		expect([...given].sort()).toEqual([...this.names].sort());
	}
}
