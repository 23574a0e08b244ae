/** Sessions, the credentials that lead to them, and login names. */
import { describe, it } from "@jest/globals";
import { factsOf, given } from "../../../model/given.ts";
import { credential } from "../../../services/identity/credential.service.ts";
import { login } from "../../../services/identity/login.service.ts";
import { session } from "../../../services/identity/session.service.ts";
import { day, secretDigest, sessionEnded, sessionOpened, sessionUsed } from "../../grammar/words.ts";

describe("a session", () => {
	it("is opened once", () => {
		const opening = { user: "bob", epoch: 0, from: day(1), until: day(2) };
		given(session).when("open", opening).then(sessionOpened());
		given(session, sessionOpened(), sessionUsed(day(1)))
			.when("open", opening)
			.thenNothing();
		given(session, sessionOpened())
			.when("open", { ...opening, epoch: 1 })
			.thenRefused("SESSION_ALREADY_EXISTS");
	});
	it("records only later uses", () => {
		given(session, sessionOpened())
			.when("use", { at: day(2) })
			.then(sessionUsed(day(2)));
		given(session, sessionOpened(), sessionUsed(day(3)))
			.when("use", { at: day(2) })
			.thenNothing();
	});
	it("is not used after its end, and ends once", () => {
		given(session, sessionOpened()).when("end", {}).then(sessionEnded);
		given(session, sessionOpened(), sessionEnded).when("end", {}).thenNothing();
		given(session, sessionOpened(), sessionEnded)
			.when("use", { at: day(2) })
			.thenRefused("SESSION_ENDED");
	});
});

describe("a credential", () => {
	const issued = factsOf(credential)("credential.issued", { kind: "client", holder: "c-1" });
	it("belongs to one holder", () => {
		const id = secretDigest("a");
		given(credential).when("issue", { id, kind: "client", holder: "c-1" }).then(issued);
		given(credential, issued).when("issue", { id, kind: "client", holder: "c-1" }).thenNothing();
		given(credential, issued).when("issue", { id, kind: "session", holder: "c-1" }).thenRefused("CREDENTIAL_ALREADY_EXISTS");
	});
});

describe("a login name", () => {
	const claimed = (user: string) => factsOf(login)("login.claimed", { user });
	it("belongs to one user", () => {
		given(login).when("claim", { user: "u-1" }).then(claimed("u-1"));
		given(login, claimed("u-1")).when("claim", { user: "u-1" }).thenNothing();
		given(login, claimed("u-1")).when("claim", { user: "u-2" }).thenRefused("LOGIN_MOVED");
	});
	it("moves only from the user who has it", () => {
		given(login, claimed("u-1")).when("claim", { user: "u-2", insteadOf: "u-1" }).then(claimed("u-2"));
		given(login, claimed("u-3")).when("claim", { user: "u-2", insteadOf: "u-1" }).thenRefused("LOGIN_MOVED");
	});
});
