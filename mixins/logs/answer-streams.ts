/** AnswerStreams - names of the streams that keep the answers of commands without facts (docs/decisions/0026-every-answer-is-kept.md). */

/** The stream of one command's answer, beside the stream of its actor. Actor ids never contain a `#`. */
export const answerStream = (actor: string, commandId: string): string => `${actor}#${commandId}`;
export const isAnswerStream = (stream: string): boolean => stream.includes("#");
