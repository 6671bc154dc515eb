// What esbuild makes one browser module of: these packages import each other by bare names.
export { DecisionTreeRegression } from "ml-cart";
export { default as LogisticRegression } from "ml-logistic-regression";
export { Matrix } from "ml-matrix";
export { RandomForestRegression } from "ml-random-forest";
