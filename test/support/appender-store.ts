/** AppenderStore - the log several processes share, by the file or the URL it is at. */
import type { LogStore } from "../../store/log.ts";
import { MongoLogStore } from "../../store/mongo/log.ts";
import { SqliteLogStore } from "../../store/sqlite/log.ts";

export const storeAt = (address: string): LogStore =>
	address.startsWith("mongodb") ? new MongoLogStore(address, 1) : new SqliteLogStore(address);
