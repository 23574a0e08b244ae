/** Owners - the owners of vehicles, as currently recorded. */
import { describe, it } from "@jest/globals";
import { about, given } from "../../model/given-rows.ts";
import { owner } from "../../services/registration/owner.service.ts";
import { owners } from "../../services/registration/owners.service.ts";
import { corrected, forgotten, known, person } from "../grammar/words.ts";

describe("the row of an owner", () => {
	it("has the given details", () =>
		given(owners, about(owner, "ada", known({ birthDate: "1980-02-29" }))).then({
			id: "ada",
			version: 1,
			...person,
			birthDate: "1980-02-29",
		}));
	it("is blank once the owner is forgotten, also where the facts are not blank yet", () => {
		const at = "2026-01-02T12:00:00.000Z";
		const facts = about(owner, "ada", known({ birthDate: "1980-02-29" }), corrected({ phone: "1" }), forgotten("asked")).at(at);
		const { kind } = person;
		given(owners, facts).then({ id: "ada", version: 3, kind, name: null, email: null, birthDate: null, phone: null, forgottenAt: at });
	});
	it("has the corrected fields, without affecting other owners", () => {
		const both = given(
			owners,
			about(owner, "ada", known()),
			about(owner, "bob", known({ name: "Bob" })),
			about(owner, "ada", corrected({ email: "a@b.example", phone: "1" })),
		);
		both.row("ada").then({ id: "ada", version: 2, ...person, email: "a@b.example", phone: "1" });
		both.row("bob").then({ id: "bob", version: 1, ...person, name: "Bob" });
	});
});
