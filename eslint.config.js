/** ESLint - rules that need types; TypeScript and test/house check the rest. */
import tseslint from "typescript-eslint";

export default tseslint.config(
	{ ignores: ["node_modules/", "bench/peers/", "data/", "coverage/"] },
	{
		files: ["**/*.ts"],
		languageOptions: { parser: tseslint.parser, parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
		plugins: { "@typescript-eslint": tseslint.plugin },
		linterOptions: { reportUnusedDisableDirectives: "error" },
		rules: {
			"@typescript-eslint/no-floating-promises": "error",
			"@typescript-eslint/switch-exhaustiveness-check": "error",
			"@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: false }],
			"@typescript-eslint/no-array-delete": "error",
			"@typescript-eslint/no-for-in-array": "error",
			"@typescript-eslint/no-unnecessary-type-assertion": "error",
			"@typescript-eslint/only-throw-error": "error",
			"@typescript-eslint/return-await": ["error", "error-handling-correctness-only"],
			"prefer-const": "error",
			eqeqeq: "error",
			"no-var": "error",
		},
	},
);
