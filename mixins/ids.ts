/** Ids - new ones that sort by time, and derived ones that are the same for the same name. */
import { v5, v7 } from "uuid";

const NAMESPACE = "b8a1a1f4-0c2e-5d6b-9a57-6e1f0b6f2d11";

export const newId = (): string => v7();
export const derivedId = (name: string): string => v5(name, NAMESPACE);
