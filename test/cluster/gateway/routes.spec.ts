/** Runs the tests of all routes against a gateway of a cluster. */
import { it } from "@jest/globals";
import { amongOthers } from "../../support/cluster.ts";

if (amongOthers()) await import("../../http/routes/routes.spec.ts");
else it.skip("needs nats-server", () => undefined);
