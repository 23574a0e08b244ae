/** A user has a login name of its own, and every change that must stop open sessions raises its epoch. */
import { describe, expect, it } from "@jest/globals";
import { factsOf, given } from "../../../model/given.ts";
import { user } from "../../../services/identity/user.service.ts";
import { enrolled, officer, passwordReset, promoted, reinstated, suspended } from "../../grammar/words.ts";

const own = { claim: { user: "u-1" } };
const rehashed = (secret: string) => factsOf(user)("user.passwordRehashed", { secret });
const epochAfter = (...facts: Parameters<typeof given<typeof user>> extends [unknown, ...infer F] ? F : never): number =>
	given(user, enrolled({ secret: "h1" }), ...facts).ask("account", {}).answer.epoch;

describe("a user", () => {
	it("is registered with a login name in lowercase", () =>
		given(user)
			.consulting(own)
			.when("register", { id: "u-1", ...officer, login: "Bob" })
			.then(enrolled()));
	it("is not registered with the login name of another user", () =>
		given(user)
			.consulting({ claim: { user: "u-2" } })
			.when("register", { id: "u-1", ...officer })
			.thenRefused("LOGIN_TAKEN"));
	it("is the same again with the same content", () =>
		given(user, enrolled({ secret: "h1" }), suspended(), promoted("clerk"), passwordReset("h2"))
			.consulting(own)
			.when("register", { id: "u-1", ...officer, password: "h1" })
			.thenNothing());
	it("is not registered again with another password", () =>
		given(user, enrolled({ secret: "h1" }))
			.consulting(own)
			.when("register", { id: "u-1", ...officer, password: "h2" })
			.thenRefused("USER_ALREADY_EXISTS"));
	it("may be suspended once, and reinstated once", () => {
		given(user, enrolled()).when("suspend", { reason: "leave" }).then(suspended("leave"));
		given(user, enrolled(), suspended()).when("suspend", { reason: "again" }).thenNothing();
		given(user, enrolled(), suspended()).when("reinstate", {}).then(reinstated);
		given(user, enrolled()).when("reinstate", {}).thenNothing();
	});
	it("gets other roles, also while suspended", () => {
		given(user, enrolled())
			.when("changeRoles", { roles: ["clerk", "auditor"] })
			.then(promoted("clerk", "auditor"));
		given(user, enrolled(), suspended())
			.when("changeRoles", { roles: ["clerk"] })
			.then(promoted("clerk"));
		given(user, enrolled())
			.when("changeRoles", { roles: ["officer"] })
			.thenNothing();
	});
	it("gets another password, but not the present one", () => {
		given(user, enrolled()).when("resetPassword", { password: "h1" }).then(passwordReset("h1"));
		given(user, enrolled({ secret: "h1" }))
			.when("resetPassword", { password: "h1" })
			.thenNothing();
	});
	it("keeps a stronger hash only of the present password", () => {
		given(user, enrolled({ secret: "h1" }))
			.when("rehash", { before: "h1", after: "h2" })
			.then(rehashed("h2"));
		given(user, enrolled({ secret: "h1" }), passwordReset("h3"))
			.when("rehash", { before: "h1", after: "h2" })
			.thenNothing();
	});
});

describe("the epoch of a user", () => {
	it("rises with each change that makes open sessions void", () => {
		expect(epochAfter()).toBe(0);
		expect(epochAfter(suspended())).toBe(1);
		expect(epochAfter(promoted("clerk"))).toBe(1);
		expect(epochAfter(passwordReset("h2"))).toBe(1);
		expect(epochAfter(suspended(), reinstated, promoted("clerk"))).toBe(2);
	});
	it("stays the same when the same password is hashed again", () => expect(epochAfter(rehashed("h2"))).toBe(0));
});
