/** The live feed over TLS. */
import { overTls } from "./over-tls.ts";

await overTls("../live/feed.spec.ts");
