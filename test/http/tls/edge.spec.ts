/** The edge over TLS: hosts, origins, targets, methods and headers. */
import { overTls } from "./over-tls.ts";

await overTls("../edge.spec.ts");
