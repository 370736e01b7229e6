/** Node-RED's editor and its jQuery, which come without type declarations. */
declare const RED: any;
declare const $: any;
