/**
 * Bare http - a minimal Node server: answers a GET with a fixed text, and a POST with another one after reading its JSON. It is the
 * baseline of the gateway.
 *
 * node bench/bare/bare-http.ts (PORT, ROW and DONE from the environment)
 */
import { createServer, type ServerResponse } from "node:http";

const { PORT = "0", ROW = "{}", DONE = "{}" } = process.env;
function answer(res: ServerResponse, status: number, text: string): void {
	res.writeHead(status, { "Content-Type": "application/json; charset=utf-8", "Content-Length": Buffer.byteLength(text) });
	res.end(text);
}
const [row, done]: readonly [object, object] = [JSON.parse(ROW), JSON.parse(DONE)];

createServer((req, res) => {
	if (req.method === "GET") return answer(res, 200, JSON.stringify(row));
	const parts: Buffer[] = [];
	req.on("data", (part: Buffer) => parts.push(part));
	req.on("end", () => {
		const given: unknown = JSON.parse(Buffer.concat(parts).toString("utf8"));
		answer(res, given ? 201 : 400, JSON.stringify(done));
	});
}).listen(Number(PORT), "127.0.0.1", () => console.log("it listens"));
