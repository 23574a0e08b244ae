/** TwoProcesses - several processes on one SQLite log pass the processes contract. */
import { Folder } from "../support/folder.ts";
import { processesContract } from "./processes.contract.ts";

processesContract("SQLite", () => {
	const folder = new Folder();
	return { address: folder.file("events.db"), remove: () => folder.remove() };
});
