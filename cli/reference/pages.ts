/** Pages - makes all reference pages in memory, by file name; the generator writes them, and a test compares them. */
import { accessPage } from "./access-page.ts";
import { commandsPage } from "./commands-page.ts";
import { factsPage } from "./facts-page.ts";
import { loadHouse } from "../common/catalogue.ts";
import { modelLinesOf } from "./model-lines.ts";
import { metricsPage } from "./metrics-page.ts";
import { readModelsPage } from "./read-models-page.ts";
import { refusalsPage } from "./refusals-page.ts";
import { replPage } from "./repl-page.ts";
import { routesPage } from "./routes-page.ts";
import { settingsPage } from "./settings-page.ts";
import { Sources } from "./sources.ts";

/** The folder of the pages. */
export const FOLDER = new URL("../../docs/reference/", import.meta.url);

export async function pages(): Promise<ReadonlyMap<string, string>> {
	const house = await loadHouse();
	const sources = new Sources();
	const laws = modelLinesOf(sources, house);
	return new Map([
		["commands.md", commandsPage(laws, house)],
		["facts.md", factsPage(laws, house)],
		["access.md", accessPage(house)],
		["refusals.md", refusalsPage(house)],
		["routes.md", routesPage(laws, house)],
		["read-models.md", readModelsPage(sources, laws, house)],
		["metrics.md", metricsPage()],
		["settings.md", settingsPage()],
		["repl.md", replPage()],
	]);
}
