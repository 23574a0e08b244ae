/** Runs the tests of lists against a gateway of a cluster. */
import { it } from "@jest/globals";
import { amongOthers } from "../../support/cluster.ts";

if (amongOthers()) await import("../../http/lists.spec.ts");
else it.skip("needs nats-server", () => undefined);
