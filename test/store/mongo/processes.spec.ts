/** MongoProcesses - several processes on one MongoDB log pass the processes contract. */
import { afterAll, describe } from "@jest/globals";
import { mongoServer } from "../../support/mongo.ts";
import { processesContract } from "../processes.contract.ts";

const server = await mongoServer();
afterAll(() => server?.stop());

(server ? describe : describe.skip)("a MongoDB", () =>
	processesContract("MongoDB", () => {
		if (!server) throw new Error("no test runs without a server");
		const place = server.place();
		return { address: place.url, remove: () => place.remove() };
	}),
);
