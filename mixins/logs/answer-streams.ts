/** AnswerStreams - names of the streams that keep answers of commands that wrote nothing (docs/decisions/0026-every-answer-is-kept.md). */

/** The stream of one command's answer, beside the stream of its actor. No id of an actor holds a `#`. */
export const answerStream = (actor: string, commandId: string): string => `${actor}#${commandId}`;
export const isAnswerStream = (stream: string): boolean => stream.includes("#");
