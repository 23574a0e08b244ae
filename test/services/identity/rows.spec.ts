/** The rows of users and clients: what an administrator sees, without hashes and digests. */
import { describe, it } from "@jest/globals";
import { about, given } from "../../../model/given-rows.ts";
import { client } from "../../../services/identity/client.service.ts";
import { clients } from "../../../services/identity/clients.service.ts";
import { user } from "../../../services/identity/user.service.ts";
import { users } from "../../../services/identity/users.service.ts";
import { admitted, enrolled, established, machine, officer, passwordReset, promoted, reinstated } from "../../grammar/words.ts";
import { revoked, rotated, secretDigest, suspended } from "../../grammar/words.ts";

const NOON = "2026-01-01T12:00:00.000Z";

describe("the row of a user", () => {
	const row = { id: "u-1", version: 1, ...officer, status: "active", registeredAt: NOON } as const;
	it("says whether there is a password, without its hash", () => {
		given(users, about(user, "u-1", enrolled())).then({ ...row, hasPassword: false });
		given(users, about(user, "u-1", enrolled({ secret: "h1" }))).then({ ...row, hasPassword: true });
		given(users, about(user, "u-1", enrolled(), passwordReset("h1"))).then({ ...row, version: 2, hasPassword: true });
	});
	it("has the present roles and status", () => {
		const changed = about(user, "u-1", enrolled(), promoted("clerk"), suspended("leave"));
		given(users, changed).thenHas({ roles: ["clerk"], status: "suspended", reason: "leave" });
		given(users, changed, about(user, "u-1", reinstated)).then({ ...row, version: 4, roles: ["clerk"], hasPassword: false });
	});
});

describe("the row of a client", () => {
	const [first, second] = [secretDigest("a"), secretDigest("b")];
	const row = { id: "c-1", version: 1, ...machine, status: "active", registeredAt: NOON, secretAt: NOON } as const;
	it("says when it got its secret, without its digest", () => {
		given(clients, about(client, "c-1", admitted())).then(row);
		given(clients, about(client, "c-1", admitted()), about(client, "c-1", rotated(second)).at("2026-02-01T00:00:00.000Z")).then({
			...row,
			version: 2,
			secretAt: "2026-02-01T00:00:00.000Z",
		});
	});
	it("says why it was revoked", () =>
		given(clients, about(client, "c-1", admitted(), revoked("stolen"))).then({ ...row, version: 2, status: "revoked", reason: "stolen" }));
	it("is active again when it is established again", () =>
		given(clients, about(client, "c-1", established(first), revoked(), established(second))).thenHas({ status: "active", version: 3 }));
});
