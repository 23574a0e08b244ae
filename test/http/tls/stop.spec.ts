/** Shutdown over TLS. */
import { overTls } from "./over-tls.ts";

await overTls("../machine/stop.spec.ts");
