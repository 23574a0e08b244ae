/** Owner - the owners of vehicles, with any number of corrections. */
import { describe, it } from "@jest/globals";
import { given } from "../../model/given.ts";
import { owner } from "../../services/registration/owner.service.ts";
import { corrected, forgotten, known, person } from "../grammar/words.ts";

describe("an owner", () => {
	it("is registered with the given details, as a person or a company", () => {
		given(owner).when("register", person).then(known());
		given(owner)
			.when("register", { kind: "company", name: "Transports Roux", email: "roux@example.org", phone: "+33 1", address: "Lyon" })
			.then(known({ kind: "company", name: "Transports Roux", email: "roux@example.org", phone: "+33 1", address: "Lyon" }));
	});
	it("registered again with the same content is already so", () => given(owner, known()).when("register", person).thenNothing());
	it("registered again is compared with the original details, not with later corrections", () => {
		const moved = given(owner, known(), corrected({ address: "Lyon" }));
		moved.when("register", person).thenNothing();
		moved.when("register", { ...person, address: "Lyon" }).thenRefused("OWNER_ALREADY_EXISTS");
	});
	it("is not registered again with other content, or with one field more or less", () => {
		given(owner, known())
			.when("register", { ...person, name: "Ada Rous" })
			.thenRefused("OWNER_ALREADY_EXISTS");
		given(owner, known())
			.when("register", { ...person, phone: "1" })
			.thenRefused("OWNER_ALREADY_EXISTS");
		given(owner, known({ phone: "1" }))
			.when("register", person)
			.thenRefused("OWNER_ALREADY_EXISTS");
	});
	it("is corrected in the given fields; all others stay the same", () => {
		given(owner, known())
			.when("correct", { email: "a@b.example" })
			.then(corrected({ email: "a@b.example" }));
		given(owner, known(), corrected({ email: "a@b.example" }), corrected({ phone: "1" }))
			.when("correct", { email: "a@b.example", phone: "1", name: "Ada Roux" })
			.thenNothing();
	});
	it("records no fact when corrected to its current details, and one when corrected back", () => {
		given(owner, known()).when("correct", { name: "Ada Roux" }).thenNothing();
		given(owner, known(), corrected({ name: "Ada Noir" }))
			.when("correct", { name: "Ada Roux" })
			.then(corrected({ name: "Ada Roux" }));
	});
	it("is unknown before it is registered", () => given(owner).when("correct", { name: "Ada" }).thenRefused("OWNER_UNKNOWN", 404));
	it("is forgotten once no case needs the data; that cannot be repeated or undone", () => {
		const free = { cases: { ids: [] } };
		given(owner, known()).consulting(free).when("forget", { reason: "asked" }).then(forgotten("asked"));
		const gone = given(owner, known(), corrected({ phone: "1" }), forgotten("asked"));
		gone.consulting(free).when("forget", { reason: "again" }).thenNothing();
		gone.when("correct", { phone: "1" }).thenRefused("OWNER_FORGOTTEN");
		gone.when("register", person).thenRefused("OWNER_ALREADY_EXISTS");
		gone.ask("exists", {}).thenAnswered(true);
	});
	it("is not forgotten while a case needs the data", () =>
		given(owner, known())
			.consulting({ cases: { ids: ["d-1", "d-2"] } })
			.when("forget", { reason: "asked" })
			.thenRefused("OWNER_NEEDED"));
	it("reads the same if its earlier facts are blank already", () =>
		given(owner, known({ name: null, email: null }), corrected({ phone: null }), forgotten("asked"))
			.ask("exists", {})
			.thenAnswered(true));
	it("exists once it is registered", () => given(owner, known()).ask("exists", {}).thenAnswered(true));
});
