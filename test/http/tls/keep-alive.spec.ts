/** Keep-alive over TLS. */
import { overTls } from "./over-tls.ts";

await overTls("../keep-alive.spec.ts");
