/** Limits over TLS: connections, bodies and invalid input, also while a handshake takes part. */
import { overTls } from "./over-tls.ts";

await overTls("../limits.spec.ts");
