/** The software bill of materials: CycloneDX with every production dependency in its locked version, and no development dependency. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { sbom } from "../../cli/sbom.ts";

interface Locked {
	readonly version: string;
	readonly integrity: string;
	readonly dev?: boolean;
}
interface Component {
	readonly type: string;
	readonly name: string;
	readonly version: string;
	readonly purl: string;
	readonly "bom-ref": string;
	readonly hashes: readonly { readonly alg: string; readonly content: string }[];
}
interface Bom {
	readonly bomFormat: string;
	readonly specVersion: string;
	readonly serialNumber: string;
	readonly metadata: { readonly component: Component };
	readonly components: readonly Component[];
	readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
}
const file = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
const { packages } = JSON.parse(file("package-lock.json")) as { readonly packages: Readonly<Record<string, Locked>> };
const { dependencies, devDependencies } = JSON.parse(file("package.json")) as Readonly<Record<string, Readonly<Record<string, string>>>>;

const locked = Object.entries(packages).filter(([path]) => path !== "");
const nameOf = (path: string, { version }: Locked): string => `${path.replace(/^.*node_modules\//, "")}@${version}`;
const namesOf = (all: readonly (readonly [string, Locked])[]): string[] => [...new Set(all.map((one) => nameOf(...one)))].toSorted();

const bom = JSON.parse(sbom()) as Bom;
const listed = bom.components.map(({ name, version }) => `${name}@${version}`);

describe("the bill of materials", () => {
	it("is CycloneDX of this application", () => {
		expect(bom).toMatchObject({ bomFormat: "CycloneDX", specVersion: expect.stringMatching(/^1\.[5-9]$/) });
		expect(bom.serialNumber).toMatch(/^urn:uuid:[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
		expect(bom.metadata.component).toMatchObject({ type: "application", name: "vigie", version: "0.1.0" });
	});
	it("lists exactly the packages that an installation without development dependencies has", () => {
		expect([...new Set(listed)].toSorted()).toEqual(namesOf(locked.filter(([, { dev }]) => dev !== true)));
		expect(Object.entries(dependencies ?? {}).filter(([name, version]) => !listed.includes(`${name}@${version}`))).toEqual([]);
	});
	it("has no development dependency", () => {
		const production = namesOf(locked.filter(([, { dev }]) => dev !== true));
		const others = namesOf(locked.filter(([, { dev }]) => dev === true)).filter((name) => !production.includes(name));
		expect(others.length).toBeGreaterThan(100);
		expect(listed.filter((name) => others.includes(name))).toEqual([]);
		expect(
			Object.keys(devDependencies ?? {}).filter((name) => name !== "@types/node" && bom.components.some((one) => one.name === name)),
		).toEqual([]);
	});
	it("has the exact version and hash of each, and where it is used", () => {
		const hashes = new Map(locked.map(([path, one]) => [nameOf(path, one), one.integrity]));
		for (const {
			name,
			version,
			purl,
			hashes: [hash],
		} of bom.components) {
			expect(version).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
			expect(decodeURIComponent(purl)).toBe(`pkg:npm/${name}@${version}`);
			expect(hashes.get(`${name}@${version}`)).toBe(`sha512-${Buffer.from(hash?.content ?? "", "hex").toString("base64")}`);
		}
		const refs = new Set([bom.metadata.component, ...bom.components].map((one) => one["bom-ref"]));
		expect(bom.dependencies.flatMap(({ ref, dependsOn = [] }) => [ref, ...dependsOn]).filter((ref) => !refs.has(ref))).toEqual([]);
	});
});
