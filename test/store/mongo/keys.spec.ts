/** MongoKeys - the key store on MongoDB passes the contract. */
import { afterAll, describe } from "@jest/globals";
import { MongoKeyStore } from "../../../store/mongo/keys.ts";
import { mongoServer } from "../../support/mongo.ts";
import { keysContract } from "../vault/keys.contract.ts";

const server = await mongoServer();
afterAll(() => server?.stop());

(server ? describe : describe.skip)("a MongoDB", () => {
	keysContract("MongoDB", () => {
		if (!server) throw new Error("no test runs without a server");
		const place = server.place();
		return { open: () => new MongoKeyStore(place.url, "-keys"), remove: () => place.remove() };
	});
});
