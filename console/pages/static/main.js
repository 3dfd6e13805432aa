// The page works without this module. With it, the press, the progress, the lists and the panel need no new page.
import { watchLists } from "./lists.js";
import { watchPanel } from "./panel.js";
import { watchPress } from "./press.js";
import { followRun } from "./progress.js";
import { tellTimes } from "./times.js";

document.documentElement.classList.add("scripted");
document.addEventListener("page:changed", () => {
  tellTimes();
  followRun();
});
watchPress();
watchLists();
watchPanel();
tellTimes();
followRun();
