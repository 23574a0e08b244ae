/** Result - the findings of one part: tables, charts, notes, and the figures that the goals are compared with. */
export type Cell = string | number;
export interface Table {
	readonly caption?: string;
	readonly columns: readonly string[];
	readonly rows: readonly (readonly Cell[])[];
}
export interface Chart {
	/** File name without its ending; unique on the page. */
	readonly file: string;
	readonly title: string;
	/** With their units. */
	readonly x: string;
	readonly y: string;
	/** Whether x rises by factors. */
	readonly log?: boolean;
	readonly series: readonly { readonly name: string; readonly points: readonly (readonly [x: number, y: number])[] }[];
}
export interface Result {
	/** What was measured, and how, in plain words. */
	readonly about: string;
	readonly tables: readonly Table[];
	readonly charts?: readonly Chart[];
	/** What has to be known to read the figures. */
	readonly notes?: readonly string[];
	/** Those the goals are compared with, by name. */
	readonly figures?: Readonly<Record<string, number>>;
}
