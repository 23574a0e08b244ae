/** A client has one valid secret at a time, and none after its revocation. */
import { describe, expect, it } from "@jest/globals";
import { given } from "../../../model/given.ts";
import { client } from "../../../services/identity/client.service.ts";
import { admitted, established, machine, revoked, rotated, secretDigest } from "../../grammar/words.ts";

const [first, second] = [secretDigest("a"), secretDigest("b")];
const bootstrap = { id: "bootstrap", name: "Bootstrap", roles: ["administrator"] } as const;

describe("a client", () => {
	it("is registered with the digest of its secret", () =>
		given(client)
			.when("register", { ...machine, secret: first })
			.then(admitted()));
	it("is the same again whatever its secret is", () =>
		given(client, admitted(), rotated(second))
			.when("register", { ...machine, secret: second })
			.thenNothing());
	it("is not registered again with other roles", () =>
		given(client, admitted())
			.when("register", { ...machine, roles: ["fleet"], secret: second })
			.thenRefused("CLIENT_ALREADY_EXISTS"));
	it("with the role device belongs to a radar", () => {
		given(client)
			.when("register", { name: "Box", roles: ["device"], secret: first })
			.thenRefused("DEVICE_WITHOUT_RADAR", 422);
		given(client)
			.when("register", { name: "Box", roles: ["device"], radar: "R1", secret: first })
			.then(admitted({ name: "Box", roles: ["device"], radar: "R1" }));
	});
	it("gets another secret until it is revoked", () => {
		given(client, admitted()).when("rotate", { secret: second }).then(rotated(second));
		given(client, admitted(), revoked()).when("rotate", { secret: second }).thenRefused("CLIENT_REVOKED");
	});
	it("is revoked once", () => {
		given(client, admitted()).when("revoke", { reason: "stolen" }).then(revoked("stolen"));
		given(client, admitted(), revoked()).when("revoke", { reason: "again" }).thenNothing();
	});
	it("has only its last secret", () =>
		expect(given(client, admitted(), rotated(second)).ask("account", {}).answer).toMatchObject({ secret: second, secrets: 2 }));
});

describe("the client of a node's environment", () => {
	it("is established once with each secret", () => {
		given(client)
			.when("establish", { ...bootstrap, digest: first })
			.then(established(first));
		given(client, established(first))
			.when("establish", { ...bootstrap, digest: first })
			.thenNothing();
		given(client, established(first))
			.when("establish", { ...bootstrap, digest: second })
			.then(established(second));
	});
	it("does not come back with a secret that it had before", () => {
		const used = [established(first), established(second)] as const;
		given(client, ...used)
			.when("establish", { ...bootstrap, digest: first })
			.thenNothing();
		given(client, ...used, revoked())
			.when("establish", { ...bootstrap, digest: second })
			.thenNothing();
	});
	it("comes back after its revocation with a new secret", () =>
		given(client, established(first), revoked())
			.when("establish", { ...bootstrap, digest: second })
			.then(established(second)));
});
