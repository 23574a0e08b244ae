/** Owners - the owners of vehicles, as currently recorded. */
import { describe, expect, it } from "@jest/globals";
import { owner } from "../../services/registration/owner.service.ts";
import { owners } from "../../services/registration/owners.service.ts";
import { rowOf, told } from "../grammar/reading.ts";
import { corrected, day, known, person } from "../grammar/words.ts";

describe("the row of an owner", () => {
	it("has the given details", async () =>
		expect(await rowOf(owners, "ada", day(1), told(owner, "ada", known({ birthDate: "1980-02-29" })))).toEqual({
			id: "ada",
			version: 1,
			...person,
			birthDate: "1980-02-29",
		}));
	it("has the corrected fields, without affecting other owners", async () => {
		const said = [
			told(owner, "ada", known()),
			told(owner, "bob", known({ name: "Bob" })),
			told(owner, "ada", corrected({ email: "a@b.example", phone: "1" })),
		];
		expect(await rowOf(owners, "ada", day(1), ...said)).toEqual({ id: "ada", version: 2, ...person, email: "a@b.example", phone: "1" });
		expect(await rowOf(owners, "bob", day(1), ...said)).toEqual({ id: "bob", version: 1, ...person, name: "Bob" });
	});
});
