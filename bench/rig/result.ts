/** Result - the findings of one part: tables, charts, notes, and the figures that the goals are compared with. */
export type Cell = string | number;
export interface Table {
	readonly caption?: string;
	readonly columns: readonly string[];
	readonly rows: readonly (readonly Cell[])[];
}
export interface Chart {
	/** File name without its extension; unique on the page. */
	readonly file: string;
	readonly title: string;
	/** Axis titles with their units. */
	readonly x: string;
	readonly y: string;
	/** Whether the x axis is logarithmic. */
	readonly log?: boolean;
	readonly series: readonly { readonly name: string; readonly points: readonly (readonly [x: number, y: number])[] }[];
}
export interface Result {
	/** Description of the measurement and its method. */
	readonly about: string;
	readonly tables: readonly Table[];
	readonly charts?: readonly Chart[];
	/** Remarks for reading the figures. */
	readonly notes?: readonly string[];
	/** The figures for the goals, by name. */
	readonly figures?: Readonly<Record<string, number>>;
}
