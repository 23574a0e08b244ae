/** AppenderStore - opens the log that several processes share, by its file or URL. */
import type { LogStore } from "../../store/log.ts";
import { MongoLogStore } from "../../store/mongo/log.ts";
import { SqliteLogStore } from "../../store/sqlite/log.ts";

export const storeAt = (address: string): LogStore =>
	address.startsWith("mongodb") ? new MongoLogStore(address, 1) : new SqliteLogStore(address);
