/** Authentication - how long a gateway believes what it knows of a token, and what it does while the identity context is slow or away. */
import { describe, expect, it } from "@jest/globals";
import type { IncomingMessage } from "node:http";
import { Authentication } from "../../../mixins/http/authentication.ts";
import { CODES } from "../../../mixins/common/codes.ts";
import { refusalError, unavailable } from "../../../mixins/common/errors.ts";
import { digestOf } from "../../../mixins/identity/tokens.ts";
import { type Identity, refuse } from "../../../model/index.ts";

const request = (token: string | null) => ({ token }) as unknown as IncomingMessage; // only the function below reads it
const refused = () => Promise.reject(refusalError(refuse(CODES.UNAUTHENTICATED, "no")));
const away = () => Promise.reject(unavailable(CODES.SERVICE_UNAVAILABLE, "no node offers it"));
const ada = (): Promise<Identity> => Promise.resolve({ sub: "user:ada", roles: ["officer"] });
const never = () => new Promise<Identity>(() => undefined);

/** A gateway whose identity context gives these answers, one for each question. */
function gateway(...answers: readonly (() => Promise<Identity>)[]) {
	const asked: string[] = [];
	let now = 1_000_000;
	const identify = (credential: string) => {
		asked.push(credential);
		return (answers[asked.length - 1] ?? never)();
	};
	const authentication = new Authentication(
		(req) => (req as unknown as { readonly token: string | null }).token,
		identify,
		() => now,
	);
	return {
		asked,
		of: (token: string | null) => authentication.of(request(token)),
		tick: (milliseconds: number) => void (now += milliseconds),
	};
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("a token", () => {
	it("that is missing belongs to a visitor, without a question", async () => {
		const { of, asked } = gateway();
		expect([await of(null), asked]).toEqual([{ sub: "visitor", roles: ["visitor"] }, []]);
	});
	it("is looked up by its digest, once in half a second", async () => {
		const { of, asked, tick } = gateway(ada, ada);
		expect(await Promise.all([of("t"), of("t")])).toEqual([await ada(), await ada()]);
		tick(499);
		await of("t");
		expect(asked).toEqual([digestOf("t")]);
		tick(1);
		await of("t");
		expect(asked).toHaveLength(2);
	});
	it("keeps the object of its identity while nothing changes, so that its passport is signed once", async () => {
		const { of, tick } = gateway(ada, ada);
		const first = await of("t");
		tick(500);
		expect(await of("t")).toBe(first);
	});
	it("has its new roles half a second later", async () => {
		const { of, tick } = gateway(ada, () => Promise.resolve({ sub: "user:ada", roles: ["auditor"] }));
		await of("t");
		tick(500);
		expect(await of("t")).toMatchObject({ roles: ["auditor"] });
	});
	it("that is refused stays refused for half a second, and is asked again", async () => {
		const { of, asked, tick } = gateway(ada, refused, away, ada);
		await of("t");
		tick(500);
		for (const _ of [1, 2]) await expect(of("t")).rejects.toMatchObject({ code: 401 });
		tick(500);
		await expect(of("t")).rejects.toMatchObject({ code: 503 }); // the answer before the refusal does not count any more
		tick(500);
		expect(await of("t")).toMatchObject({ sub: "user:ada" });
		expect(asked).toHaveLength(4);
	});
	it("of a slow answer is what it was, until the answer has come", async () => {
		const slow = Promise.withResolvers<Identity>();
		const { of, tick } = gateway(ada, () => slow.promise);
		await of("t");
		tick(500);
		expect(await of("t")).toMatchObject({ sub: "user:ada" });
		slow.reject(refusalError(refuse(CODES.UNAUTHENTICATED, "suspended")));
		await settled();
		await expect(of("t")).rejects.toMatchObject({ code: 401 });
	});
	it("is what it was for half a minute while the identity context is away, and no longer", async () => {
		const { of, tick } = gateway(ada, away, away, away);
		await of("t");
		tick(500);
		expect(await of("t")).toMatchObject({ sub: "user:ada" });
		tick(29_499);
		expect(await of("t")).toMatchObject({ sub: "user:ada" });
		tick(501);
		await expect(of("t")).rejects.toMatchObject({ code: 503 });
	});
	it("is not known while the identity context is away from the beginning", async () =>
		expect(gateway(away).of("t")).rejects.toMatchObject({ code: 503 }));
	it("keeps the newest answer if an older one comes later", async () => {
		const old = Promise.withResolvers<Identity>();
		const { of, tick } = gateway(ada, () => old.promise, refused);
		await of("t");
		tick(500);
		await of("t");
		tick(500);
		await expect(of("t")).rejects.toMatchObject({ code: 401 });
		old.resolve(await ada());
		await settled();
		await expect(of("t")).rejects.toMatchObject({ code: 401 });
	});
});
