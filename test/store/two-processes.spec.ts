/** Several processes on one file of events keep the contract of all who write one log. */
import { Folder } from "../support/folder.ts";
import { processesContract } from "./processes.contract.ts";

processesContract("SQLite", () => {
	const folder = new Folder();
	return { address: folder.file("events.db"), remove: () => folder.remove() };
});
