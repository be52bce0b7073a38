// The one entry: every page works without it, and with it is alive. One behaviour a module.
import { setUpCharts } from "./chart.js";
import { setUpCopying } from "./copy.js";
import { setUpForms } from "./forms.js";
import { setUpKinds } from "./kinds.js";
import { setUpLive } from "./live.js";
import { setUpMenus } from "./menus.js";
import { setUpMethods } from "./methods.js";
import { setUpShortcuts } from "./shortcuts.js";
import { setUpTimes } from "./time.js";
import { setUpTips } from "./tips.js";
import { setUpTrials } from "./tryit.js";

for (const setUp of [
  setUpTimes, setUpMenus, setUpMethods, setUpTrials, setUpKinds, setUpForms, setUpShortcuts, setUpTips, setUpCharts,
  setUpCopying, setUpLive,
]) setUp();
