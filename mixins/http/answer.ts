/** Answer - turns the result of an action into an HTTP response: one rule for status, headers and body of all routes. */
import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Done } from "../actors/envelope.ts";

function send(res: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
	const text = JSON.stringify(body);
	res.writeHead(status, { "Content-Type": "application/json; charset=utf-8", "Content-Length": Buffer.byteLength(text), ...headers });
	res.end(text);
}

/** 201 with `Location` if the command created an actor, else 200. */
export function sendDone(res: ServerResponse, path: string, { id, version, position, begun, replayed, answer }: Done): void {
	send(
		res,
		begun ? 201 : 200,
		{ id, version, position, ...answer },
		{
			ETag: `"${version}"`,
			...(position ? { "X-Position": position } : {}),
			...(begun ? { Location: `${path}/${encodeURIComponent(id)}` } : {}),
			...(replayed ? { "Idempotent-Replayed": "true" } : {}),
		},
	);
}

/** Sends a row, a list or an answer. A row has an ETag; since a rebuild restarts revisions, the ETag includes a hash of the content. */
export function sendRead(req: IncomingMessage, res: ServerResponse, body: unknown, revision: number | undefined): void {
	if (revision === undefined) return send(res, 200, body);
	const etag = `W/"${revision}-${createHash("sha256").update(JSON.stringify(body)).digest("base64url").slice(0, 12)}"`;
	const known = (req.headers["if-none-match"] ?? "").split(",").some((tag) => tag.trim() === etag || tag.trim() === "*");
	if (!known) return send(res, 200, body, { ETag: etag });
	res.writeHead(304, { ETag: etag });
	res.end();
}

export const sendJson = send;
