// The sign-up form with scripts: its county list, its checks, its body, and errors beside their fields.
// The rule: the form is the one of the plain page; without this file it is posted as it is.

import { backOff } from "../sdk/http.js";
import { province, t, word } from "./text.js";

const LISTS = ["occupations", "skills", "modes", "provinces", "languages"];
const NUMBERS = { level: [1, 5], experience_years: [0, 60] };
const PROVINCES = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82".split(" ");

/** 138 0013 8000 → +8613800138000; what has a + stays as it is; null where it is no number. */
export function phoneNumber(text) {
  const digits = text.replace(/[\s\-()（）—–]/g, "").replace(/[０-９]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0));
  if (/^1[3-9]\d{9}$/.test(digits)) return `+86${digits}`;
  if (/^(?:00|\+)?861[3-9]\d{9}$/.test(digits)) return `+${digits.replace(/^(?:00|\+)/, "")}`;
  return /^\+\d{8,15}$/.test(digits) && !digits.startsWith("+86") ? digits : null;
}

const checked = (form, name) => Array.from(form.querySelectorAll(`input[name="${name}"]:checked`), (box) => box.value);
const value = (form, name) => form.elements[name].value.trim();

/** The body of POST …/signups. Optional fields that were left empty are not in it. */
export function bodyOf(form) {
  const candidate = { name: value(form, "name"), phone: phoneNumber(value(form, "phone")), region: value(form, "region") };
  for (const name of LISTS) {
    const chosen = checked(form, name);
    if (chosen.length) candidate[name] = chosen;
  }
  for (const name of Object.keys(NUMBERS)) if (value(form, name)) candidate[name] = Number(value(form, name));
  if (value(form, "pay_amount")) candidate.pay_min = { unit: value(form, "pay_unit"), amount: Number(value(form, "pay_amount")) };
  for (const name of ["start", "health_certificate_until"]) if (value(form, name)) candidate[name] = value(form, name);
  const consent = {};
  for (const name of ["host", "employers", "ranking", "sensitive"]) consent[name] = form.elements[`consent_${name}`].checked;
  const source = { channel: value(form, "source_channel") || "direct" };
  if (value(form, "source_id")) source.id = value(form, "source_id");
  return { candidate, jobs: checked(form, "jobs"), consent, source };
}

/** Field → sentence, for what can be seen to be wrong before it is sent. */
export function check(form) {
  const wrong = {};
  const name = value(form, "name");
  if (!name) wrong.name = t("error_name");
  else if ([...name].length > 40) wrong.name = t("error_name_long");
  if (!phoneNumber(value(form, "phone"))) wrong.phone = t("error_phone");
  if (!value(form, "region")) wrong.region = t("error_region");
  for (const [field, [min, max]] of Object.entries({ ...NUMBERS, pay_amount: [1, 1000000] })) {
    const input = form.elements[field];
    const amount = Number(value(form, field));
    const bad = input.validity.badInput || (value(form, field) && !(Number.isInteger(amount) && amount >= min && amount <= max));
    if (bad) wrong[field === "pay_amount" ? "pay_min" : field] = t("error_number", { min, max });
  }
  for (const field of ["start", "health_certificate_until"]) if (form.elements[field].validity.badInput) wrong[field] = t("error_date");
  if (!form.elements.consent_employers.checked) wrong.consent_employers = t("error_consent_employers");
  if (value(form, "health_certificate_until") && !form.elements.consent_sensitive.checked) wrong.consent_sensitive = t("error_consent_sensitive");
  return wrong;
}

/** The field that a JSON pointer of the API means; null where the form has none. */
export function fieldOf(form, pointer) {
  const [top, name] = (pointer || "").replace(/^#/, "").split("/").slice(1);
  const field = { jobs: "jobs", consent: `consent_${name}`, candidate: name }[top];
  return field && form.querySelector(`#${CSS.escape(field)}-error`) ? field : null;
}

/** Shows sentences beside their fields (and takes away those of before); the first one wrong gets the focus. */
export function show(form, wrong, whole = "") {
  const fields = Object.keys(wrong);
  for (const place of form.querySelectorAll(".error")) {
    const field = place.id.replace(/-error$/, "");
    place.textContent = wrong[field] || "";
    const inputs = form.querySelectorAll(`[aria-describedby~="${place.id}"]`);
    for (const input of inputs) {
      if (wrong[field]) input.setAttribute("aria-invalid", "true"); else input.removeAttribute("aria-invalid");
    }
  }
  const head = form.querySelector("#form-error");
  head.textContent = whole || (fields.length > 1 ? t("error_several", { n: fields.length }) : "");
  if (!fields.length) {
    if (whole) head.focus();
    return;
  }
  const first = Array.from(form.querySelectorAll(".error")).find((place) => place.textContent);
  const more = first && first.closest("details");
  if (more) more.open = true;
  const input = first && first.closest(".field, fieldset").querySelector("select, input:not([type=hidden]), textarea");
  if (input) input.focus();
}

/** Takes one field's sentence away as soon as it is being mended. */
export function mend(form, target) {
  const place = target.closest(".field, fieldset.jobs")?.querySelector(".error");
  if (!place || !place.textContent) return;
  place.textContent = "";
  target.removeAttribute("aria-invalid");
}

function option(code, text) {
  const made = document.createElement("option");
  made.value = code;
  made.textContent = text;
  return made;
}

function select(id, first) {
  const made = document.createElement("select");
  made.id = id;
  made.setAttribute("aria-describedby", "region-error");
  made.append(option("", first));
  return made;
}

function fill(county, rows, chosen) {
  county.replaceChildren(option("", t("county_pick")));
  let group = county;
  let city = "";
  for (const [code, text] of Object.entries(rows)) {
    const head = code.slice(0, 4);
    if (code.endsWith("00")) {
      group = document.createElement("optgroup");
      group.label = text;
      city = head;
      const finest = !Object.keys(rows).some((other) => other !== code && other.startsWith(head));
      if (finest) group.append(option(code, text)); // a city without counties is chosen itself
      county.append(group);
    } else (head === city ? group : county).append(option(code, text));
  }
  county.value = chosen;
}

/** Puts two lists in the place of the text field for the region: the province, then its counties. */
export function regionLists(form) {
  const typed = form.elements.region;
  const hidden = document.createElement("input");
  hidden.type = "hidden";
  hidden.name = "region";
  const first = select("province", t("province_pick"));
  const county = select("county", t("county_pick"));
  county.setAttribute("aria-label", t("county_pick"));
  for (const code of PROVINCES) first.append(option(code, word("province", code)));
  county.disabled = true;

  const load = async (digits, chosen = "") => {
    hidden.value = "";
    county.disabled = true;
    if (!digits) return;
    county.replaceChildren(option("", t("county_loading")));
    for (let n = 0; first.value === digits; n += 1) {
      try {
        const { rows } = await province(digits);
        if (first.value !== digits) return;
        if (!Object.keys(rows).length) rows[`${digits}0000`] = word("province", digits); // it has no counties in the table: it is one itself
        fill(county, rows, chosen);
        hidden.value = county.value;
        county.disabled = false;
        return;
      } catch { // a tunnel: the list comes when the network does
        await new Promise((resume) => { setTimeout(resume, backOff(n, { most: 5000 })); });
      }
    }
  };
  first.addEventListener("change", () => load(first.value));
  county.addEventListener("change", () => { hidden.value = county.value; });

  const was = /^\d{6}$/.test(typed.value) ? typed.value : "";
  const pair = document.createElement("div");
  pair.className = "pair";
  pair.append(first, county, hidden);
  typed.replaceWith(pair);
  form.querySelector('label[for="region"]').htmlFor = "province";
  form.querySelector("#region-hint").hidden = true;
  for (const choice of form.querySelectorAll('input[name="region_choice"]')) choice.closest("label").remove();
  if (was) {
    first.value = was.slice(0, 2);
    load(first.value, was);
  }
}
