/** Import of the official file of radars: a bad line affects no other line, and importing the same file again changes nothing. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { eventually, System, type Answer, type Row } from "../support/system.ts";
import { answered, certificate, commits, detect, expectProblem, since2000 } from "./scenery.ts";

let system: System;
beforeAll(async () => void (system = await System.start()));
afterAll(() => system.dispose());

const header =
	"date_heure_dernier_changement,date_heure_creation,departement,latitude,longitude,id,direction,equipement,date_installation,type,emplacement,route,longueur_troncon_km,vitesse_poids_lourds_kmh,vitesse_vehicules_legers_kmh";
/** One line of the file. `rest`: section length, limit for heavy and limit for light vehicles, as in the file. */
const line = (id: string, type: string, rest = ",,80", { latitude = "45.5", road = "RD1215", place = "MONTS" } = {}): string =>
	`2018-09-05T12:23:00Z,2018-09-05T12:23:00Z,33,${latitude},-0.87326,${id},Nord vers Sud,MORPHO,2005-10-01T00:00:00Z,${type},${place},${road},${rest}`;
const file = (...lines: string[]): string => `${[header, ...lines].join("\n")}\n`;

async function imported(text: string, counts: Row): Promise<Answer> {
	const answer = answered(200, await system.csv(text));
	expect(answer.body).toMatchObject({ imported: 0, changed: 0, unchanged: 0, rejected: 0, ...counts });
	expect(answer.body.errors).toHaveLength(Number(counts["rejected"] ?? 0));
	return answer;
}
const expectRadar = (id: string, row: Row): Promise<void> =>
	eventually(async () => expect(answered(200, await system.get(`/radars/${id}`)).body).toMatchObject(row), 5_000);

const kinds = [
	["10001", "Radar fixe", "fixed"],
	["10002", "Radar discriminant", "discriminating"],
	["10003", "Radar Vitesse Moyenne", "section"],
	["10004", "Radar feu rouge", "red-light"],
	["10005", "Radar Passage à Niveau", "level-crossing"],
	["10006", "Itinéraire", "itinerary"],
] as const;
const france = file(
	line("10001", "Radar fixe"),
	line("10002", "Radar discriminant", ",90,110"),
	line("10003", "Radar Vitesse Moyenne", "4.2,,90"),
	line("10004", "Radar feu rouge", ",,", { road: "" }),
	line("10005", "Radar Passage à Niveau", ",,", { place: '"VILLE, LA ""HAUTE"""' }),
	line("10006", "Itinéraire", ",,70"),
);

describe("an import of radars", () => {
	it("installs every radar with its kind, site and limits", async () => {
		await imported(france, { imported: 6 });
		for (const [id, , kind] of kinds)
			await expectRadar(id, {
				id,
				kind,
				status: "installed",
				jurisdiction: "FR",
				latitude: 45.5,
				longitude: -0.87326,
				direction: "Nord vers Sud",
			});
		await expectRadar("10001", { road: "RD1215", limits: { lightKmh: 80 } });
		await expectRadar("10002", { limits: { lightKmh: 110, heavyKmh: 90 } });
		await expectRadar("10003", { sectionMeters: 4200, limits: { lightKmh: 90 } });
		expect((await system.get("/radars/10004")).body["road"] ?? null).toBeNull();
	});

	it("changes nothing the second time", async () => {
		const histories = (): Promise<number[]> =>
			Promise.all(kinds.map(async ([id]) => commits(await system.get(`/radars/${id}/history`)).length));
		const before = await histories();
		await imported(france, { unchanged: 6 });
		await imported(france.replaceAll("\n", "\r\n"), { unchanged: 6 });
		expect(await histories()).toEqual(before);
		await eventually(async () => expect((await system.get("/radars")).body.total).toBe(6));
	});

	it("changes the radars whose lines changed, and no other", async () => {
		const moved = france
			.replace(line("10001", "Radar fixe"), line("10001", "Radar fixe", ",,70"))
			.replace(line("10006", "Itinéraire", ",,70"), line("10006", "Itinéraire", ",,70", { latitude: "46.25" }));
		await imported(moved, { changed: 2, unchanged: 4 });
		await expectRadar("10001", { limits: { lightKmh: 70 } });
		await expectRadar("10006", { latitude: 46.25 });
		await imported(moved, { unchanged: 6 });
	});

	it("reports each bad line with its number, and imports the others", async () => {
		const { body } = await imported(
			file(
				line("20001", "Radar fixe"),
				line("20002", "Radar fixe", ",,80", { latitude: "north" }),
				line("20003", "Radar inconnu"),
				line("20 004", "Radar fixe"),
				"not,enough,columns",
				line("20006", "Radar fixe", ",,9999"),
				line("20007", "Radar fixe", ",,fast"),
				line("20008", "Radar fixe", ",,80", { latitude: "91" }),
				line("20009", "Radar fixe"),
			),
			{ imported: 2, rejected: 7 },
		);
		expect(body.errors.map(({ line: number }) => number)).toEqual([3, 4, 5, 6, 7, 8, 9]);
		expect(body.errors).toEqual(
			body.errors.map((error) => ({ ...error, code: expect.stringMatching(/^[A-Z_]+$/), detail: expect.any(String) })),
		);
		await expectRadar("20001", {});
		await expectRadar("20009", {});
		for (const n of [2, 3, 6, 7, 8]) expectProblem(await system.get(`/radars/2000${n}`), 404);
	});

	it("imports a file with more lines than fit into one write", async () => {
		const many = Array.from({ length: 1_500 }, (_, n) => line(`3${String(n).padStart(4, "0")}`, "Radar fixe"));
		await imported(file(...many), { imported: 1_500 });
		await imported(file(...many), { unchanged: 1_500 });
	});

	it("leaves a radar without a limit unable to qualify passages, even calibrated and in service", async () => {
		expect((await detect(system, { radar: "10004" })).body).toMatchObject({ outcome: "discarded", reason: "RADAR_NOT_IN_SERVICE" });
		answered(200, await system.post("/radars/10004/calibrate", certificate));
		answered(200, await system.post("/radars/10004/activate", { from: since2000 }));
		expect((await detect(system, { radar: "10004" })).body).toMatchObject({ outcome: "discarded", reason: "NO_LIMIT" });
	});

	it("is refused as a whole if it is not a file of radars", async () => {
		for (const text of ["", "id,name\n1,x\n", '{"id": 1}', "\u0000\u0001\u0002"])
			expect([400, 422]).toContain((await system.csv(text)).status);
		expectProblem(await system.post("/radars/import", {}), 415);
		expectProblem(
			await system.send({ method: "POST", path: "/radars/import", headers: { "content-type": "text/plain" }, body: france }),
			415,
		);
		await imported(`${header}\n`, {});
	});
});

describe("an invalid file", () => {
	const needed = "id,type,latitude,longitude";
	it("is refused because of its header, regardless of its length", async () => {
		const answer = await system.csv("a\n".repeat(200_000));
		expectProblem(answer, 422, "VALIDATION_ERROR");
		expect(answer.body.errors.map(({ field }) => field)).toEqual(needed.split(","));
	});
	it("with a valid header is rejected line by line, and a bounded number of lines is reported", async () => {
		const { body, text } = answered(200, await system.csv(`${needed}\n${"a\n".repeat(200_000)}`));
		expect(body).toMatchObject({ imported: 0, changed: 0, unchanged: 0, rejected: 200_000 });
		expect(body.errors).toHaveLength(1000);
		expect(body.errors.map(({ line }) => line)).toEqual(body.errors.map((_, n) => n + 2));
		expect(body.errors[0]).toEqual({ line: 2, code: "LINE_MALFORMED", detail: "the line has 1 fields, the header 4" });
		expect(Buffer.byteLength(text)).toBeLessThan(300 * 1024);
	});
	it.each(["constructor", "__proto__", "toString"])("with the type %s is rejected", async (type) => {
		const { body } = answered(200, await system.csv(`${needed}\nproto,${type},1,1\n`));
		expect(body).toMatchObject({ rejected: 1, errors: [{ code: "RADAR_TYPE_UNKNOWN" }] });
	});
	it("may have columns named like the properties of every object", async () => {
		const columns = "__proto__,constructor,toString,hasOwnProperty";
		await imported(`${columns},${needed}\n1,2,3,4,proto-columns,Radar fixe,1,1\n`, { imported: 1 });
	});
});

describe("two imports of one file at once", () => {
	it("count each radar once, for the import that wrote it", async () => {
		const lines = Array.from({ length: 600 }, (_, n) => line(`4${String(n).padStart(4, "0")}`, "Radar fixe"));
		const both = await Promise.all([system.csv(file(...lines)), system.csv(file(...lines))]);
		expect(totals(both)).toEqual({ imported: 600, changed: 0, unchanged: 600, rejected: 0 });
		const moved = Array.from({ length: 600 }, (_, n) => line(`4${String(n).padStart(4, "0")}`, "Radar fixe", ",,70", { latitude: "46.5" }));
		expect(totals(await Promise.all([system.csv(file(...moved)), system.csv(file(...moved))]))).toEqual({
			imported: 0,
			changed: 600,
			unchanged: 600,
			rejected: 0,
		});
	});
	it("with different content both take effect", async () => {
		const lines = (limit: string) =>
			Array.from({ length: 200 }, (_, n) => line(`5${String(n).padStart(4, "0")}`, "Radar fixe", `,,${limit}`));
		const { imported: installed, rejected } = totals(
			await Promise.all([system.csv(file(...lines("80"))), system.csv(file(...lines("90")))]),
		);
		expect({ installed, rejected }).toEqual({ installed: 200, rejected: 0 });
	});
	const totals = (answers: readonly Answer[]) => {
		const sum = (count: string): number => answers.reduce((all, { body }) => all + Number(body[count]), 0);
		return { imported: sum("imported"), changed: sum("changed"), unchanged: sum("unchanged"), rejected: sum("rejected") };
	};
});

describe("a long import", () => {
	const many = file(...Array.from({ length: 100_000 }, (_, n) => line(`6${n}`, "Radar fixe"))); // about a minute of work
	const begun = (): Promise<unknown> => eventually(async () => expect((await system.get("/radars/60")).status).toBe(200));

	it("ends when its client disconnects", async () => {
		const gone = expect(
			system.send({ method: "POST", path: "/radars/import", headers: { "content-type": "text/csv" }, body: many, timeoutMs: 2_000 }),
		).rejects.toThrow();
		await begun();
		await gone;
		const total = async (): Promise<number> => answered(200, await system.get("/radars?pageSize=1")).body.total;
		const settled = await eventually(async () => {
			const [before, after] = [await total(), await new Promise((later) => setTimeout(later, 300)).then(total)];
			expect(after).toBe(before);
			return after;
		});
		expect(settled).toBeLessThan(100_000);
	});
	it("ends with 503 when the node stops", async () => {
		const answer = system.csv(many.replaceAll(",6", ",7")).catch(String);
		await eventually(async () => expect((await system.get("/radars/70")).status).toBe(200));
		expect(await system.stop()).toBe(0);
		const { status, body } = (await answer) as Answer;
		expect([status, body.code]).toEqual([503, "STOPPING"]);
		await system.up();
	});
});
