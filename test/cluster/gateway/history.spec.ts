/** Runs the tests of histories against a gateway of a cluster. */
import { it } from "@jest/globals";
import { amongOthers } from "../../support/cluster.ts";

if (amongOthers()) await import("../../http/history.spec.ts");
else it.skip("needs nats-server", () => undefined);
