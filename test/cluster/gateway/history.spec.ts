/** Histories, as a gateway among other nodes has to give them: everything that holds for one process, once more. */
import { it } from "@jest/globals";
import { amongOthers } from "../../support/cluster.ts";

if (amongOthers()) await import("../../http/history.spec.ts");
else it.skip("needs nats-server", () => undefined);
