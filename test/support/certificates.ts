/** Certificates - what tests of TLS need, made by openssl: two authorities, and certificates that the first one signs. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import type { Folder } from "./folder.ts";

const NAMES: Readonly<Record<string, string>> = {
	server: "DNS:localhost,IP:127.0.0.1",
	node: "DNS:localhost,IP:127.0.0.1",
	elsewhere: "DNS:elsewhere.example",
};

/**
 * The authorities `ca` and `stranger`, and by `ca`: `server` and `node` for localhost, `elsewhere` for another host. Each has `<name>.pem` and
 * `<name>.key`; `<name>.both` has the certificate and the key.
 */
export class Certificates {
	readonly #folder: Folder;
	constructor(folder: Folder) {
		this.#folder = folder;
		for (const name of ["ca", "stranger"]) {
			this.#run(`req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=${name} -keyout ${name}.key -out ${name}.pem`);
			this.#join(name);
		}
		for (const [name, names] of Object.entries(NAMES)) {
			writeFileSync(this.file("names"), `subjectAltName=${names}\nextendedKeyUsage=serverAuth,clientAuth\n`);
			this.#run(`req -newkey rsa:2048 -nodes -subj /CN=${name} -keyout ${name}.key -out ${name}.csr`);
			this.#run(`x509 -req -days 2 -in ${name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile names -out ${name}.pem`);
			this.#join(name);
		}
	}
	#run(words: string): void {
		execFileSync("openssl", words.split(" "), { cwd: this.#folder.path, stdio: "ignore" });
	}
	#join(name: string): void {
		writeFileSync(this.file(`${name}.both`), `${this.text(`${name}.pem`)}${this.text(`${name}.key`)}`);
	}
	file(name: string): string {
		return this.#folder.file(name);
	}
	text(name: string): string {
		return readFileSync(this.file(name), "utf8");
	}
	/** The certificate of the server in the configuration of NATS. */
	get server(): string {
		return `cert_file: "${this.file("server.pem")}", key_file: "${this.file("server.key")}", ca_file: "${this.file("ca.pem")}"`;
	}
}
