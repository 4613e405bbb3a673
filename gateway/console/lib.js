// The view library in one place: Preact, its hooks, and htm for markup without a build step.
import { h, render, Fragment } from "./vendor/preact.module.js";
import { useState, useEffect, useRef, useCallback, useMemo } from "./vendor/hooks.module.js";
import htm from "./vendor/htm.module.js";

const html = htm.bind(h);
export { html, render, Fragment, useState, useEffect, useRef, useCallback, useMemo };
