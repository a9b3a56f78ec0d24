// A page of words and tables: nothing to draw.

const DRAW = {};

function begin() {}

function selectSite() {}
