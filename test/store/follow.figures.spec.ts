/** FollowFigures - a follower counts processed commits and failures, and reports its current trouble. */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Follower, Indigestible } from "../../store/follow.ts";
import type { Commit } from "../../store/log.ts";
import { tailOf, things } from "../support/commits.ts";
import { turns } from "../support/turns.ts";

describe("a follower", () => {
	const log: readonly Commit[] = things(5);
	let readable: () => void;
	let digest: (commits: readonly Commit[]) => void;
	let follower: Follower;
	/** Lets the follower retry after a failure. */
	let goOn: () => void;
	beforeEach(() => {
		readable = digest = goOn = () => undefined;
	});
	afterEach(() => {
		goOn();
		void follower.stop();
	});
	const follow = async (): Promise<void> => {
		follower = new Follower("thing:0", {
			read: async (after, limit) => (readable(), log.slice(after, after + limit)),
			from: tailOf(things(2)),
			take: async (commits) => (digest(commits), tailOf(commits)),
			every: () => () => undefined,
			pause: () => new Promise((resolve) => (goOn = resolve)),
		});
		await turns();
	};
	const figures = () => [follower.taken, follower.failures, follower.trouble];
	const failing = (what: string) => () => {
		throw new Error(what);
	};

	it("counts the commits it has processed, not earlier ones", async () => {
		await follow();
		expect([follower.position, ...figures()]).toEqual([5, 3, 0, null]);
	});

	it("reports a failure and its consecutive attempts until it succeeds", async () => {
		digest = failing("the disk\nis full");
		await follow();
		expect(figures()).toEqual([0, 1, { times: 1, reason: "the disk is full" }]);
		goOn();
		await turns();
		expect(figures()).toEqual([0, 2, { times: 2, reason: "the disk is full" }]);
		digest = () => undefined;
		goOn();
		await turns();
		expect(figures()).toEqual([3, 2, null]);
	});

	it("reports that it cannot read until it can, even with nothing to process", async () => {
		await follow();
		readable = failing("the store cannot be reached");
		follower.look();
		await turns();
		expect(figures()).toEqual([3, 1, { times: 1, reason: "the store cannot be reached" }]);
		readable = () => undefined;
		goOn();
		await turns();
		expect(figures()).toEqual([3, 1, null]);
	});

	it("is in trouble while it does not see a commit that was announced", async () => {
		await follow();
		follower.hint(6);
		await turns();
		expect(follower.trouble).toEqual({ times: 1, reason: "thing:0 does not show 6 yet" });
		goOn();
		await turns();
		expect(follower.trouble).toMatchObject({ times: 2 });
	});

	it("counts the fact at which it stops as a failure", async () => {
		digest = () => {
			throw new Indigestible("a bug");
		};
		await follow();
		expect([follower.error?.message, follower.failures, follower.taken]).toEqual(["a bug", 1, 0]);
	});
});
